/** Reads a terminal's escape sequence to its end, however it is cut into pieces; most are then forgotten. */

export interface Order {
  /** last character of `ESC [ … x` */
  readonly final: string;
  /** what is between */
  readonly parameters: string;
}

/** a longer one is not understood; its rest is still taken out */
const MAX_PARAMETER_CHARACTERS = 64;
/** what begins a text for the terminal (its title, a link, …), which ends with BEL or ESC \ */
const TEXTS = "]PX^_";
/** a text that does not end is a text no more after this many characters */
const MAX_TEXT_CHARACTERS = 4_096;

export class EscapeReader {
  #state: "outside" | "begun" | "orders" | "text" | "text-escape" | "one-more" = "outside";
  #parameters = "";
  #textCharacters = 0;
  #order: Order | undefined;

  get isInside(): boolean {
    return this.#state !== "outside";
  }

  /** after ESC */
  begin(): void {
    this.#state = "begun";
    this.#parameters = "";
    this.#textCharacters = 0;
  }

  reset(): void {
    this.#state = "outside";
    this.#order = undefined;
  }

  /** @returns where it stopped: behind the sequence, or at the end of the text */
  read(text: string, from: number): number {
    let at = from;
    while (at < text.length && this.#state !== "outside") {
      this.#take(text.charAt(at));
      at += 1;
    }
    return at;
  }

  /** @returns what was read to its end and means something, once */
  take(): Order | undefined {
    const order = this.#order;
    this.#order = undefined;
    return order;
  }

  #take(character: string): void {
    if (this.#state === "begun") this.#state = afterEscape(character);
    else if (this.#state === "orders") this.#orders(character);
    else if (this.#state === "text") this.#text(character);
    else if (this.#state === "text-escape") this.#state = character === "\\" ? "outside" : "text";
    else this.#state = "outside";
  }

  #orders(character: string): void {
    if (character >= "@" && character <= "~") {
      this.#state = "outside";
      if (this.#parameters.length <= MAX_PARAMETER_CHARACTERS)
        this.#order = { final: character, parameters: this.#parameters };
    } else if (character < " ") {
      this.#state = "outside"; // broken off
    } else if (this.#parameters.length <= MAX_PARAMETER_CHARACTERS) {
      this.#parameters += character;
    }
  }

  #text(character: string): void {
    this.#textCharacters += 1;
    if (character === "\u0007" || this.#textCharacters > MAX_TEXT_CHARACTERS)
      this.#state = "outside";
    else if (character === "\u001b") this.#state = "text-escape";
  }
}

function afterEscape(character: string): "orders" | "text" | "one-more" | "outside" {
  if (character === "[") return "orders";
  if (TEXTS.includes(character)) return "text";
  return "()*+#% ".includes(character) ? "one-more" : "outside";
}
