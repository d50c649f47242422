// What is wrong with a form: each error beside the field that it names, the rest above the form.

import { make } from "./elements.js";

const CONTROLS = "input, textarea, select";

export class FieldErrors {
	#form;
	#box;
	#fieldOf;

	/** `box` takes what belongs to no field; `fieldOf(path)` finds the `[data-field]` of a path, or null. */
	constructor(form, box, fieldOf) {
		this.#form = form;
		this.#box = box;
		this.#fieldOf = fieldOf;
	}

	showProblem(problem) {
		this.clear();
		const unplaced = problem.errors.filter((error) => !this.showError(error));
		const wait = problem.retryAfter ? `Try again in ${problem.retryAfter} seconds.` : "";
		const all = problem.errors.length && !unplaced.length ? "Something here needs another look." : problem.message;
		this.#box.textContent = [all, wait].filter(Boolean).join(" ");
		this.#box.hidden = false;
		if (!this.focusFirst()) this.#box.scrollIntoView({ block: "nearest" });
	}

	/** False when no field is meant. */
	showError({ field: path, message }) {
		const field = this.#fieldOf(String(path ?? ""));
		if (!field) return false;
		const shown = field.querySelector(":scope > .field__error");
		if (shown) {
			shown.textContent += ` ${message}`;
			return true;
		}
		const id = `${field.dataset.field}-error`;
		field.append(make("p.field__error", { id }, message));
		field.querySelectorAll(CONTROLS).forEach((control) => {
			control.setAttribute("aria-invalid", "true");
			control.setAttribute("aria-describedby", id);
		});
		const folded = field.closest("details");
		if (folded) folded.open = true;
		return true;
	}

	clear() {
		this.#box.hidden = true;
		this.#form.querySelectorAll("[data-field]").forEach((field) => this.clearError(field));
	}

	clearError(field) {
		const shown = field?.querySelector(":scope > .field__error");
		if (!shown) return;
		shown.remove();
		field.querySelectorAll(CONTROLS).forEach((control) => {
			control.removeAttribute("aria-invalid");
			control.removeAttribute("aria-describedby");
		});
	}

	focusFirst() {
		const first = this.#form.querySelector("[aria-invalid]");
		first?.focus();
		return first !== null;
	}
}
