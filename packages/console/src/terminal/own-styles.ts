/**
 * Styles of xterm.js without `<style>` elements, which our content security policy does not admit: what it would write
 * into one goes into a constructed style sheet, and `style` attributes through the object model.
 */

/** What stands for a `<style>` element: it is in the document, and its text is a sheet of the document. */
function sheetElement(made: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  made.hidden = true;
  Object.defineProperty(made, "textContent", {
    get: () => "",
    set: (text: string) => {
      sheet.replaceSync(text);
    },
  });
  made.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    made.parentNode?.removeChild(made);
  };
  return made;
}

/**
 * Runs what opens a terminal, with other elements for its `<style>` ones. (`documentOverride` would not do: parts of
 * xterm.js 6 ask the real document, whatever it says.)
 */
export function withOwnStyles(open: () => void): void {
  const create = document.createElement.bind(document);
  const swapped = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name === "style" ? sheetElement(create("i")) : create(name, options);
  Object.defineProperty(document, "createElement", { value: swapped, configurable: true });
  try {
    open();
  } finally {
    Reflect.deleteProperty(document, "createElement"); // the prototype's is there again
  }
}

function setSpanAttribute(this: HTMLSpanElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/**
 * From now on a `style` attribute that is set on a `<span>` goes through the object model: it means the same, and the
 * policy admits it. The cells of a terminal are such spans.
 */
export function styleSpansByObject(): void {
  const value = setSpanAttribute;
  Object.defineProperty(HTMLSpanElement.prototype, "setAttribute", { value, configurable: true });
}
