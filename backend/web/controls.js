// Controls of form fields by the kind of value: `{element, read, write}`, and `control` where one element is labelled.
// `read` gives undefined for what is left empty, and throws SyntaxError for what should be JSON and isn't.

import { make, makeButton } from "./elements.js";

const TEXT_ROWS = 4;
const LONG_TEXT = 300;
const SHORT_LIST = 4;

let counter = 0;

/** A name that no other control of the page has. */
export const newId = (prefix = "f") => `${prefix}${(counter += 1)}`;

export const wordsOf = (value) => String(value).replaceAll("_", " ");

/** The control for a schema whose references are followed; `hint` is the format's own (see `FieldHint`). */
export function makeControl(schema, hint = {}) {
	const { enum: values = [] } = schema;
	const { choices = {}, unit } = hint;
	const makers = {
		checkbox: makeCheck,
		segments: () => makeSegments(values, choices),
		select: () => makeSelect(values, choices),
		slider: () => makeSlider(schema, unit),
		number: () => makeNumber(schema, unit),
		chips: () => makeChips(hint),
		lines: makeLines,
		pairs: makePairs,
		long_text: () => makeText(schema, hint, true),
		text: () => (schema.orJson ? makeTextOrJson() : makeText(schema, hint, false)),
	};
	return (makers[hint.widget ?? widgetOf(schema)] ?? makeJson)();
}

/** Whether it may be any text, if not a blank one. */
function isFree(schema) {
	return (schema.pattern ?? "\\S").startsWith("\\S");
}

function widgetOf(schema) {
	if (schema.enum) return schema.enum.length > SHORT_LIST ? "select" : "segments";
	if (schema.type === "boolean") return "checkbox";
	if (schema.type === "integer" || schema.type === "number") return "number";
	if (schema.type === "string" && schema.orJson) return "text";
	if (schema.type === "string") return (schema.maxLength ?? 0) > LONG_TEXT && isFree(schema) ? "long_text" : "text";
	if (schema.type === "array" && schema.items?.type === "string") return "lines";
	return "json";
}

const labelled = (control, read, write) => ({ element: control, control, read, write });

function makeSelect(values, words) {
	const control = make("select", {}, ...values.map((value) => make("option", { value }, words[value] ?? wordsOf(value))));
	const none = make("option", { value: "" }, "—");
	return labelled(
		control,
		() => values.find((value) => String(value) === control.value),
		(value) => {
			if (value === undefined) control.prepend(none);
			else none.remove();
			control.value = value === undefined ? "" : String(value);
		},
	);
}

/** Buttons of which one is chosen; `words` are what they say. */
export function makeSegments(values, words) {
	const name = newId("segment");
	const buttons = values.map((value) => make("input", { type: "radio", name, value }));
	const element = make(
		"div.segments",
		{},
		...buttons.map((button, place) => make("label", {}, button, make("span", {}, words[values[place]] ?? wordsOf(values[place])))),
	);
	return {
		element,
		read: () => values[buttons.findIndex((button) => button.checked)],
		write: (value) => buttons.forEach((button, place) => (button.checked = values[place] === value)),
	};
}

function makeCheck() {
	const control = make("input", { type: "checkbox" });
	return labelled(control, () => control.checked, (value) => (control.checked = Boolean(value)));
}

const limits = ({ type, minimum, maximum }) => ({ min: minimum, max: maximum, step: type === "integer" ? 1 : "any" });

function makeNumber(schema, unit) {
	const control = make("input", { type: "number", inputmode: schema.type === "integer" ? "numeric" : "decimal", ...limits(schema) });
	const element = unit ? make("div.measure", {}, control, make("span.measure__unit", {}, unit)) : control;
	return {
		element,
		control,
		read: () => (control.value === "" ? undefined : Number(control.value)),
		write: (value) => (control.value = value ?? ""),
	};
}

function makeSlider(schema, unit = "") {
	const control = make("input", { type: "range", ...limits(schema) });
	const shown = make("output");
	const show = () => (shown.textContent = `${control.value} ${unit}`.trim());
	control.addEventListener("input", show);
	const write = (value) => {
		control.value = value ?? schema.minimum ?? 0;
		show();
	};
	return { element: make("div.slider", {}, control, shown), control, read: () => Number(control.value), write };
}

function makeText({ maxLength }, { placeholder, suggestions = [] }, long) {
	const list = suggestions.length ? make("datalist", { id: newId("list") }, ...suggestions.map((value) => make("option", { value }))) : null;
	const control = long
		? make("textarea", { dir: "auto", rows: TEXT_ROWS, placeholder })
		: make("input", { dir: "auto", autocomplete: "off", placeholder, list: list?.id, maxlength: maxLength && maxLength + 50 });
	const element = list ? make("div", {}, control, list) : control;
	return { element, control, read: () => control.value.trim() || undefined, write: (value) => (control.value = value ?? "") };
}

function makeChips({ placeholder }) {
	const control = make("input", { dir: "auto", autocomplete: "off", placeholder: placeholder ?? "Separate with commas" });
	const element = make("div.chips", {}, control);
	const chips = new Chips(element, control);
	return { element, control, read: () => (chips.values.length ? chips.values : undefined), write: (value) => (chips.values = value ?? []) };
}

const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function makeLines() {
	const control = make("textarea", { dir: "auto", rows: TEXT_ROWS, placeholder: "One a line" });
	const read = () => {
		const lines = linesOf(control.value);
		return lines.length ? lines : undefined;
	};
	return labelled(control, read, (value) => (control.value = (value ?? []).join("\n")));
}

// Names with a text each, `risk: careful` a line; lines without a name are a text as it is.
function makePairs() {
	const control = make("textarea", { dir: "auto", rows: TEXT_ROWS, placeholder: "risk: careful\nsetbacks: patient" });
	const read = () => {
		const lines = linesOf(control.value);
		const pairs = lines.map((line) => /^([^:]{2,100}):\s*(\S.*)$/.exec(line));
		if (!lines.length) return undefined;
		return pairs.every(Boolean) ? Object.fromEntries(pairs.map(([, name, text]) => [name.trim(), text])) : control.value.trim();
	};
	const write = (value) => {
		if (typeof value !== "object") control.value = value ?? "";
		else control.value = Object.entries(value).map(([name, text]) => `${name}: ${text}`).join("\n");
	};
	return labelled(control, read, write);
}

function makeJson() {
	const control = make("textarea.json", { dir: "ltr", rows: TEXT_ROWS, spellcheck: "false", placeholder: "JSON" });
	const write = (value) => {
		control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
		control.rows = Math.min(16, Math.max(TEXT_ROWS, control.value.split("\n").length));
	};
	return labelled(control, () => (control.value.trim() ? JSON.parse(control.value) : undefined), write);
}

// A text, unless it begins as an object or a list does.
function makeTextOrJson() {
	const { control, read, write } = makeJson();
	control.dir = "auto";
	control.placeholder = "";
	return labelled(
		control,
		() => (/^\s*[[{]/.test(control.value) ? read() : control.value.trim() || undefined),
		(value) => (typeof value === "string" ? (control.value = value) : write(value)),
	);
}

/** An object without what is left out; `problems` gathers `{field, message}` of what can't be read. */
export function readFields(fields, problems) {
	const values = {};
	for (const field of fields) field.readInto(values, problems);
	return values;
}

export function fillFields(fields, values) {
	for (const field of fields) field.fillFrom(values ?? {});
}

/** A text field that gathers several values: comma or Enter ends one, Backspace takes the last one back. */
export class Chips {
	#box;
	#input;
	#values = [];
	#placeholder;

	constructor(box, input) {
		this.#box = box;
		this.#input = input;
		this.#placeholder = input.placeholder;
		input.addEventListener("input", () => this.#take(input.value.split(",").length - 1));
		input.addEventListener("blur", () => this.#take());
		input.addEventListener("keydown", (event) => this.#onKey(event));
		box.addEventListener("click", (event) => {
			if (event.target === box) input.focus();
		});
	}

	get values() {
		const found = [...this.#values];
		for (const text of this.#input.value.split(",")) addTo(found, text);
		return found;
	}

	set values(values) {
		this.#values = [];
		this.#input.value = "";
		for (const value of values) addTo(this.#values, value);
		this.#paint();
	}

	#onKey(event) {
		if (event.key === "Enter" && this.#input.value.trim()) {
			event.preventDefault();
			this.#take();
		} else if (event.key === "Backspace" && !this.#input.value && this.#values.length) {
			this.#values.pop();
			this.#paint();
		}
	}

	// Of what stands in the field so many parts are finished.
	#take(finished = Infinity) {
		if (!finished || !this.#input.value.trim()) return;
		const parts = this.#input.value.split(",");
		for (const part of parts.splice(0, finished)) addTo(this.#values, part);
		this.#input.value = parts.join("").trimStart();
		this.#paint();
	}

	#remove(value) {
		this.#values = this.#values.filter((other) => other !== value);
		this.#paint();
		this.#input.focus();
	}

	#paint() {
		this.#box.querySelectorAll(".chip").forEach((chip) => chip.remove());
		this.#input.placeholder = this.#values.length ? "" : this.#placeholder;
		this.#input.before(
			...this.#values.map((value) =>
				make(
					"span.chip",
					{},
					make("span", { dir: "auto" }, value),
					makeButton("×", () => this.#remove(value), null, { "aria-label": `Remove ${value}` }),
				),
			),
		);
	}
}

function addTo(values, text) {
	const value = text.trim();
	const known = values.some((other) => other.toLowerCase() === value.toLowerCase());
	if (value && !known) values.push(value);
}
