// Building the page's elements. Strings become text nodes: no text of a story is ever parsed as HTML.

/** An element, `tag.class.class`, with attributes (`on…` are listeners, `null` and `false` are left out) and children. */
export function make(tag, attributes = {}, ...children) {
	const [name, ...classes] = tag.split(".");
	const element = document.createElement(name);
	if (classes.length) element.className = classes.join(" ");
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
		else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children.filter((child) => child != null));
	return element;
}

/** A button that does what `onclick` does; `variant` is its class. */
export const makeButton = (label, onclick, variant = "button", attributes = {}) =>
	make("button", { type: "button", class: variant, onclick, ...attributes }, label);

/** The line that says what was refused, hidden until something is. */
export const makeProblem = (variant = "form__problem") => make("p", { class: variant, role: "alert", hidden: true });

export function showProblem(line, { errors = [], message }) {
	line.textContent = errors.map((error) => error.message).join(" ") || message;
	line.hidden = false;
}

/** Does `work`; what the service refuses is said in `line`. Gives whether it was done. */
export async function attempt(line, work) {
	line.hidden = true;
	try {
		await work();
		return true;
	} catch (problem) {
		if (problem.status === undefined) throw problem;
		showProblem(line, problem);
		return false;
	}
}

export function saveFile(blob, name) {
	const href = URL.createObjectURL(blob);
	make("a", { href, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/** One of the page's own drawings, a `<symbol>` of index.html. */
export function draw(symbol, className) {
	const space = "http://www.w3.org/2000/svg";
	const picture = document.createElementNS(space, "svg");
	picture.setAttribute("class", className);
	picture.ariaHidden = "true";
	const use = document.createElementNS(space, "use");
	use.setAttribute("href", `#${symbol}`);
	picture.append(use);
	return picture;
}

export const byId = (id) => document.getElementById(id);

const whole = new Intl.NumberFormat("en");

export const formatCount = (number) => whole.format(number);

/** 1, "word" → "1 word". */
export const countOf = (number, what) => `${formatCount(number)} ${what}${number === 1 ? "" : "s"}`;

const money = { style: "currency", currency: "USD", minimumSignificantDigits: 2, maximumSignificantDigits: 2, roundingPriority: "morePrecision" };

/** 0.0123 → "$0.012", 12 → "$12.00". */
export const formatDollars = (dollars) => dollars.toLocaleString("en", money);

/** "rtl" or "ltr" by the first letter of the text, as the Unicode rule has it; null when there is none. */
export function directionOf(text) {
	const letter = /\p{L}/u.exec(text ?? "")?.[0];
	if (!letter) return null;
	return /[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(letter) ? "rtl" : "ltr";
}
