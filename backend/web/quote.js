// What a text will cost, and what is left to spend: a line above the button of the form.

import { call } from "./api.js";
import { countOf, formatCount, formatDollars, make } from "./elements.js";
import { askWhenQuiet } from "./tips.js";

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
