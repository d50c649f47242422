// The form that starts a story.

import { FieldErrors } from "./advice.js";
import { Chips } from "./controls.js";
import { paintCover } from "./cover.js";
import { byId, make, makeButton } from "./elements.js";
import { forgetForm, recallForm, rememberChild, rememberForm } from "./memory.js";

const PROFILE = ["name", "age", "reading_level", "language"];
const SUGGESTIONS = 6;
const REQUIRED = { theme: "Say what the story is about.", name: "Whom is the story for?" };

export class StoryForm {
	#form = byId("story-form");
	#fields = this.#form.elements;
	#chips = new Chips(byId("interest-chips"), this.#fields.interests);
	#button = byId("write");
	#children = new Map();
	errors = new FieldErrors(this.#form, byId("form-problem"));

	/** `onSubmit(request)` starts the run; `onChange()` hears of every edit. */
	constructor(onSubmit, onChange) {
		for (const field of this.#form.querySelectorAll(".field")) {
			const { id, name } = field.querySelector("input, textarea, select");
			field.dataset.field = id || name;
		}
		this.#offerSuggestions();
		this.#form.addEventListener("input", () => {
			rememberForm("story", this.request);
			this.refresh();
			onChange();
		});
		this.#fields.child_id.addEventListener("change", () => {
			rememberChild(this.#fields.child_id.value);
			this.#showChild();
		});
		this.#form.addEventListener("submit", (event) => {
			event.preventDefault();
			if (this.#isFilled()) onSubmit(this.request);
		});
		this.refresh();
	}

	get model() {
		return this.#fields.model.value.trim();
	}

	/** The body of `POST /api/v1/runs`; what was left empty is left out (undefined, which JSON has not). */
	get request() {
		const fields = this.#fields;
		const text = (name) => fields[name].value.trim();
		const number = (name) => (fields[name].value ? Number(fields[name].value) : undefined);
		const { name, age, reading_level, language } = Object.fromEntries(PROFILE.map((each) => [each, text(each)]));
		const reader = { name, age: Number(age), reading_level, language, interests: this.#chips.values };
		const input = {
			...(text("child_id") ? { child_id: text("child_id") } : { reader }),
			theme: text("theme"),
			chapter_number: number("chapter_number") ?? 1,
			title: text("title") || undefined,
			custom_user_input: text("custom_user_input") || undefined,
		};
		const options = {
			model: this.model || undefined,
			parallel: number("parallel"),
			budget_usd: number("budget_usd"),
			review_outline: fields.review_outline.checked || undefined,
		};
		return { format: "story", input, options };
	}

	get isReady() {
		return Object.keys(REQUIRED).every((name) => this.#fields[name].value.trim());
	}

	/** Children of the account: who chooses one writes for it by its profile. */
	offerChildren(children, chosen) {
		this.#children = new Map(children.map((child) => [child.child_id, child]));
		const options = children.map(({ child_id: id, name, age }) => make("option", { value: id }, `${name}, ${age}`));
		this.#fields.child_id.replaceChildren(...options, make("option", { value: "" }, "Somebody else"));
		this.#fields.child_id.value = this.#children.has(chosen) ? chosen : (children[0]?.child_id ?? "");
		byId("child-chooser").hidden = children.length === 0;
		this.#showChild();
	}

	// The fields of the reader show the chosen child, and are its profile's: they are changed where that is.
	#showChild() {
		const child = this.#children.get(this.#fields.child_id.value);
		if (!child && this.#fields.name.disabled) {
			this.#fields.name.value = "";
			this.#chips.values = [];
		}
		for (const name of [...PROFILE, "interests"]) {
			const field = this.#fields[name];
			for (const control of field.length ? field : [field]) control.disabled = Boolean(child);
			if (child && name !== "interests") field.value = child[name];
		}
		byId("interest-chips").toggleAttribute("inert", Boolean(child));
		if (child) this.#chips.values = child.interests;
		this.refresh();
	}

	fill({ input = {}, options = {} }) {
		const { reader = {} } = input;
		const values = { ...reader, ...input, ...options };
		for (const name of ["theme", "name", "age", "chapter_number", "title", "custom_user_input", "model", "parallel", "budget_usd"]) {
			this.#fields[name].value = values[name] ?? this.#fields[name].defaultValue;
		}
		for (const name of ["reading_level", "language"]) {
			if (values[name]) this.#fields[name].value = values[name];
		}
		this.#fields.review_outline.checked = Boolean(options.review_outline);
		this.#chips.values = reader.interests ?? [];
		if (this.#children.has(input.child_id)) this.#fields.child_id.value = input.child_id;
		else if (input.reader) this.#fields.child_id.value = "";
		this.#showChild();
	}

	/** What was typed before a reload, if it wasn't sent. */
	recall() {
		const typed = recallForm("story");
		if (typed) this.fill(typed);
		return typed !== null;
	}

	forget() {
		forgetForm("story");
	}

	setBusy(busy) {
		this.#button.disabled = busy;
		this.#button.textContent = busy ? "Starting…" : "Write the chapter";
	}

	#isFilled() {
		this.errors.clear();
		const missing = Object.keys(REQUIRED).filter((name) => !this.#fields[name].value.trim());
		missing.forEach((name) => this.errors.showError({ field: name, message: REQUIRED[name] }));
		this.errors.focusFirst();
		return missing.length === 0;
	}

	#offerSuggestions() {
		const choose = (theme) => {
			this.#fields.theme.value = theme;
			this.#fields.theme.dispatchEvent(new Event("input", { bubbles: true }));
		};
		byId("suggestions").append(
			...[...byId("themes").options].slice(0, SUGGESTIONS).map(({ value: theme }) => makeButton(theme, () => choose(theme), "suggestion")),
		);
	}

	/** Paints the cover as the fields have it. */
	refresh() {
		byId("age-shown").textContent = this.#fields.age.value;
		const { value: name } = this.#fields.name;
		paintCover(byId("cover"), {
			title: this.#fields.title.value.trim(),
			theme: this.#fields.theme.value.trim() || "Once upon a time",
			chapter: Number(this.#fields.chapter_number.value || 1),
			reader: name.trim() && `for ${name.trim()}`,
		});
	}
}
