// Tips on a form while it is being filled in, and the plan that would be written.

import { call, Problem } from "./api.js";
import { byId, countOf, make, makeButton } from "./elements.js";

const PAUSE_MS = 400;

/** Asks `work(value)` once the typing pauses; `show` gets the newest answer only, and null for what was refused. */
export function askWhenQuiet(work, show) {
	let timer = 0;
	let newest = 0;
	return (value) => {
		clearTimeout(timer);
		const asked = (newest += 1);
		if (value === null) return;
		timer = setTimeout(async () => {
			const answer = await work(value).catch((problem) => {
				if (problem instanceof Problem) return null;
				throw problem;
			});
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
