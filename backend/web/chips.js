// A text field that gathers several values: comma or Enter ends one, Backspace takes the last one back.

import { make, makeButton } from "./elements.js";

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
