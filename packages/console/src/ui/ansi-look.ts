/** What a terminal's colours and weights look like: class names of `text-log.css`. Colours are the sixteen of old. */

export interface Look {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  /** 0 to 7, as terminals number them */
  readonly foreground: number | undefined;
  readonly background: number | undefined;
}

export const PLAIN: Look = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  foreground: undefined,
  background: undefined,
};

const CHANGES: Readonly<Record<number, Partial<Look>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  39: { foreground: undefined },
  49: { background: undefined },
};

/** @param parameters of a sequence `ESC [ … m` */
export function lookAfter(look: Look, parameters: string): Look {
  const numbers = parameters.split(/[;:]/).map((it) => (it === "" ? 0 : Number(it)));
  let next = look;
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    if (number === 38 || number === 48) {
      const { colour, used } = extended(numbers.slice(at + 1));
      at += used;
      if (colour === undefined) continue;
      next = { ...next, [number === 38 ? "foreground" : "background"]: colour };
    } else {
      next = { ...next, ...(CHANGES[number] ?? plainColour(number)) };
    }
  }
  return next;
}

function plainColour(number: number): Partial<Look> {
  const [tens, ones] = [Math.floor(number / 10), number % 10];
  if (ones > 7) return {};
  if (tens === 3 || tens === 9) return { foreground: ones };
  return tens === 4 || tens === 10 ? { background: ones } : {};
}

interface Extended {
  readonly colour: number | undefined;
  /** how many numbers it took */
  readonly used: number;
}

/** `5;n` of 256 colours, or `2;r;g;b`: the nearest of the eight. */
function extended([kind, a = 0, b = 0, c = 0]: readonly number[]): Extended {
  if (kind === 2) return { colour: nearest(a, b, c), used: 4 };
  if (kind !== 5) return { colour: undefined, used: 1 };
  if (a < 16) return { colour: a % 8, used: 2 };
  if (a >= 232) return { colour: a < 244 ? 0 : 7, used: 2 };
  const cube = a - 16;
  const part = (size: number): number => (Math.floor(cube / size) % 6) * 51;
  return { colour: nearest(part(36), part(6), part(1)), used: 2 };
}

function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const counts = (part: number): boolean => part >= 64 && part * 2 >= most;
  return (counts(red) ? 1 : 0) + (counts(green) ? 2 : 0) + (counts(blue) ? 4 : 0);
}

/** @returns class names, or an empty text for what is plain */
export function classesOf(look: Look): string {
  const names = [
    look.bold && "ansi-bold",
    look.dim && "ansi-dim",
    look.italic && "ansi-italic",
    look.underline && "ansi-underline",
    look.foreground !== undefined && `ansi-fg-${look.foreground}`,
    look.background !== undefined && `ansi-bg-${look.background}`,
    look.inverse && "ansi-inverse",
  ];
  return names.filter((it) => it !== false).join(" ");
}
