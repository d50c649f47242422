// Building the page's elements. Strings become text nodes: no text of a story is ever parsed as HTML.

/** An element with attributes (`on…` are listeners, `null` and `false` are left out) and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** One of the page's own drawings (a `<symbol>` of index.html) as a decorative picture. */
export function draw(symbol, className) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("class", className);
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#${symbol}`);
  picture.append(use);
  return picture;
}

export const byId = (id) => document.getElementById(id);

const whole = new Intl.NumberFormat("en");

/** 1234 → "1,234". */
export const formatCount = (number) => whole.format(number);

/** 0.0123 → "$0.0123", 12 → "$12.00". */
export const formatDollars = (dollars) => `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`;

/** "rtl" or "ltr" by the first letter of the text, as the Unicode rule has it; null when there is none. */
export function directionOf(text) {
  const letter = /\p{L}/u.exec(text ?? "")?.[0];
  if (!letter) return null;
  return /[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(letter) ? "rtl" : "ltr";
}
