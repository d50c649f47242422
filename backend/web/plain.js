// The form of every format but stories, with its example or what was typed here before.

import { FieldErrors, Tips } from "./advice.js";
import { fillFields, readFields } from "./controls.js";
import { byId, make } from "./elements.js";
import { makeFields, Shape } from "./fields.js";
import { forgetForm, recallForm, rememberForm } from "./memory.js";

const OPTIONS_HINTS = {
	model: { placeholder: "provider:model" },
	cache: { help: "Whether the last result of the same request will do", choices: { use: "Use it", refresh: "Write anew", off: "Never" } },
	on_disconnect: { label: "When nobody reads", choices: { continue: "Go on", cancel: "Stop after a while" }, help: "" },
	review_outline: { label: "Show me the plan first", help: "With what it will cost" },
};

export class PlainForm {
	#form = byId("plain-form");
	errors = new FieldErrors(this.#form, byId("plain-problem"));
	#button = byId("plain-write");
	#tips = new Tips((path) => this.errors.fieldOf(path));
	#format = null;
	#input = [];
	#options = [];

	constructor(onSubmit, onChange) {
		for (const kind of ["input", "change"]) {
			this.#form.addEventListener(kind, () => {
				this.#changed();
				onChange();
			});
		}
		this.#form.addEventListener("submit", async (event) => {
			event.preventDefault();
			const request = await this.#prepared();
			if (request) await onSubmit(request);
		});
		byId("plain-example").addEventListener("click", () => this.#begin(this.#format.example));
		byId("plain-empty").addEventListener("click", () => this.#begin({}));
	}

	get model() {
		return byId("options.model")?.value.trim() ?? "";
	}

	/** Makes the fields of a format (an entry of `GET /api/v1/formats`). */
	show(format) {
		this.errors.clear();
		this.#format = format;
		const { form } = format.presentation;
		const shape = new Shape(format.input_schema, "input", form.fields);
		this.#input = makeFields(format.input_schema, shape, "input");
		this.#options = makeFields(format.options_schema, new Shape(format.options_schema, "options", OPTIONS_HINTS), "options");
		byId("plain-heading").textContent = form.heading;
		byId("plain-lede").textContent = form.lede;
		this.#button.textContent = form.submit;
		byId("plain-fields").replaceChildren(...this.#grouped(form.groups));
		byId("plain-options").replaceChildren(...this.#options.map((field) => field.element));
		byId("options.model")?.setAttribute("list", "models");
		this.#tips.watch(form.check);
		this.fill(recallForm(format.name) ?? { input: format.example });
	}

	// The fields as the format groups them; what stands in no group comes last.
	#grouped(groups) {
		const left = new Set(this.#input);
		const take = (names) => this.#input.filter((field) => left.has(field) && field.names.some((name) => names.includes(name)) && left.delete(field));
		const parts = groups.map(({ title, fields, folded }) => {
			const taken = take(fields).sort((one, other) => placeIn(fields, one) - placeIn(fields, other));
			const body = make("div.form__fields", {}, ...taken.map((field) => field.element));
			return folded
				? make("details.more", {}, make("summary", {}, title), body)
				: make("section.form__group", {}, make("h2.form__title", {}, title), body);
		});
		return [...parts, ...[...left].map((field) => field.element)];
	}

	fill({ input, options }) {
		fillFields(this.#input, input);
		fillFields(this.#options, options);
		this.#tips.check(input ?? {});
	}

	#begin(input) {
		forgetForm(this.#format.name);
		this.errors.clear();
		this.fill({ input });
	}

	#changed() {
		const { format, ...typed } = this.request;
		rememberForm(format, typed);
		this.#tips.check(typed.input);
	}

	/** The body of `POST /api/v1/runs` as far as it can be read. */
	get request() {
		return { format: this.#format.name, input: readFields(this.#input, []), options: readFields(this.#options, []) };
	}

	/** It begins as an example, so it may always be sent. */
	isReady = true;

	setBusy(busy) {
		this.#button.disabled = busy;
		this.#button.textContent = busy ? "Starting…" : (this.#format?.presentation.form.submit ?? "Write it");
	}

	/** The request was sent: what was typed needn't be kept. */
	forget() {
		if (this.#format) forgetForm(this.#format.name);
	}

	// The body of `POST /api/v1/runs`, or null where a field can't be read or what was made here can't be kept.
	async #prepared() {
		this.errors.clear();
		if (!this.#read()) return null;
		this.setBusy(true);
		try {
			for (const field of this.#input) await field.prepare?.();
		} catch (problem) {
			this.errors.showProblem(problem);
			return null;
		} finally {
			this.setBusy(false);
		}
		return this.#read();
	}

	#read() {
		const problems = [];
		const input = readFields(this.#input, problems);
		const options = readFields(this.#options, problems);
		problems.forEach((problem) => this.errors.showError(problem));
		if (this.errors.focusFirst()) return null;
		return { format: this.#format.name, input, options };
	}
}

const placeIn = (names, field) => Math.min(...field.names.map((name) => names.indexOf(name)).filter((place) => place >= 0));
