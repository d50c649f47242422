// What is said of a form: errors beside their fields, tips, the plan that would be written, its price and what is left to spend.

import { call, orNull } from "./api.js";
import { byId, countOf, formatCount, formatDollars, make, makeButton } from "./elements.js";

const PAUSE_MS = 400;
const CONTROLS = "input, textarea, select";

/** Asks `work(value)` once the typing pauses; `show` gets the newest answer only, and null for what was refused. */
function askWhenQuiet(work, show) {
	let timer = 0;
	let newest = 0;
	return (value) => {
		clearTimeout(timer);
		const asked = (newest += 1);
		if (value === null) return;
		timer = setTimeout(async () => {
			const answer = await work(value).catch(orNull);
			if (asked === newest) show(answer);
		}, PAUSE_MS);
	};
}

export class Tips {
	#root = byId("tips");
	#fieldOf;
	#address = null;
	#ask = askWhenQuiet((input) => call("POST", this.#address, { body: input }), (found) => this.#show(found));

	/** `fieldOf(path)` finds the field that a tip is about, or null. */
	constructor(fieldOf) {
		this.#fieldOf = fieldOf;
	}

	/** `address` takes the input and answers with tips; null: there are none for this format. */
	watch(address) {
		this.#address = address ?? null;
		this.#root.hidden = true;
		this.#root.replaceChildren();
	}

	/** Asks once the typing pauses. */
	check(input) {
		this.#ask(this.#address && input);
	}

	#show(found) {
		const { tips, plan, words } = found ?? { tips: [], plan: [] };
		const rows = plan.map((part) =>
			make("li", {}, make("span.tips__time", {}, part.range), make("bdi", {}, part.title), make("span.optional", {}, countOf(part.words, "word"))),
		);
		this.#root.replaceChildren(
			...tips.map((tip) => this.#makeTip(tip)),
			...(rows.length ? [make("h2.small-heading", {}, `The plan: ${countOf(words, "word")}`), make("ol.tips__plan", {}, ...rows)] : []),
		);
		this.#root.hidden = !this.#root.childElementCount;
	}

	#makeTip({ severity, message, field }) {
		const go = () => this.#fieldOf(`input.${field}`)?.querySelector("input, textarea, select, button")?.focus();
		return make("p.tip", { "data-severity": severity, dir: "auto" }, makeButton(message, go, "tip__go"));
	}
}

export class QuoteLine {
	#line = make("p.quote", { role: "status", hidden: true });
	#ask = askWhenQuiet((body) => call("POST", "api/v1/runs/quote", { body }), (quote) => this.#show(quote));

	/** Asks once the typing pauses; null for a form that isn't filled in yet. The line stands before `button`. */
	ask(request, button) {
		const moves = this.#line.nextElementSibling !== button;
		if (moves) button.before(this.#line);
		if (moves || !request) this.#show(null);
		this.#ask(request);
	}

	#show(quote) {
		this.#line.textContent = quote ? [costOf(quote), leftOf(quote)].filter(Boolean).join(" ") : "";
		this.#line.hidden = !this.#line.textContent;
	}
}

function costOf({ words, cost_usd_low: low, cost_usd_high: high, basis }) {
	if (!words) return "";
	const length = `About ${countOf(words, "word")}`;
	if (high === 0) return `${length}, at no cost.`;
	if (typeof high !== "number") return `${length}; what they cost isn’t known for this model.`;
	return `${length}, for about ${formatDollars(low)} to ${formatDollars(high)}${basis === "measured" ? ", going by your last texts" : ""}.`;
}

function leftOf({ runs_left: runs, runs_left_today: today, usd_left: dollars }) {
	const left = [
		typeof runs === "number" && `${formatCount(runs)} texts this month`,
		typeof today === "number" && `${formatCount(today)} texts today`,
		typeof dollars === "number" && `${formatDollars(dollars)} this month`,
	].filter(Boolean);
	return left.length ? `Left: ${left.join(", ")}.` : "";
}

export class FieldErrors {
	#form;
	#box;

	/** `box` takes what belongs to no field; what is wrong with a field is forgotten when it is edited. */
	constructor(form, box) {
		this.#form = form;
		this.#box = box;
		form.addEventListener("input", ({ target }) => {
			for (let field = target.closest("[data-field]"); field; field = field.parentElement.closest("[data-field]")) this.clearError(field);
		});
	}

	/** The `[data-field]` of a path or of its last name, or the one that holds it (`input.key_points.0.text` is in `input.key_points`). */
	fieldOf(path) {
		for (const names = path.split(/[.,/[\]]+/); names.length; names.pop()) {
			const [whole, last] = [names.join("."), names.at(-1)].map((name) => `[data-field="${CSS.escape(name)}"]`);
			const field = this.#form.querySelector(`${whole}, ${last}`);
			if (field) return field;
		}
		return null;
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
		const field = this.fieldOf(String(path ?? ""));
		if (!field) return false;
		const shown = field.querySelector(":scope > .field__error");
		if (shown) {
			shown.textContent += ` ${message}`;
			return true;
		}
		const id = `${field.dataset.field}-error`;
		field.append(make("p.field__error", { id }, message));
		field.querySelectorAll(CONTROLS).forEach((control) => {
			control.ariaInvalid = "true";
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
			control.ariaInvalid = null;
			control.removeAttribute("aria-describedby");
		});
	}

	focusFirst() {
		const first = this.#form.querySelector("[aria-invalid]");
		first?.focus();
		return first !== null;
	}
}
