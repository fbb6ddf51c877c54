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

function styledElement(made: HTMLElement): HTMLElement {
  const setAttribute = made.setAttribute.bind(made);
  made.setAttribute = (name, value) => {
    if (name === "style") made.style.cssText = value;
    else setAttribute(name, value);
  };
  return made;
}

function elementOf(name: string): HTMLElement {
  if (name === "style") return sheetElement(document.createElement("i"));
  return styledElement(document.createElement(name));
}

/** The document as `documentOverride` of a terminal, with other elements. */
export function ownDocument(): Document {
  return new Proxy(document, {
    get: (target, key) => {
      if (key === "createElement") return elementOf;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * What `open` makes in the meantime is without `<style>` elements, too: a part of xterm.js 6 asks the real document
 * for one, whatever `documentOverride` says.
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
