// The plan as a form: shown when the run waits for a person, who may change it before anything is written.

import { byId, countOf, formatDollars, make, makeProblem, showProblem } from "./elements.js";

export class Plan {
	#root = byId("plan");
	#outline = null;
	#problem = null;
	#button = null;

	/** `onAccept(outline)` gets the plan as edited, every other field of it as it came. */
	constructor(onAccept) {
		this.#root.addEventListener("submit", (event) => {
			event.preventDefault();
			onAccept(this.#edited());
		});
	}

	show(outline) {
		this.#outline = outline;
		this.#problem = makeProblem();
		this.#button = make("button.button.button--main", {}, "Write it");
		this.#root.replaceChildren(
			make("h2.plan__heading", { id: "plan-heading" }, "This is the plan"),
			make("p.plan__lede", {}, "Change what you like; nothing is written before you say so."),
			make("p.quote", { id: "plan-quote", hidden: true }),
			this.#problem,
			makeField("Title", make("input", { name: "title", dir: "auto", value: outline.title ?? "" })),
			...(outline.sections ?? []).map((section, place) => makeSection(section, place)),
			this.#button,
		);
		this.#root.hidden = false;
	}

	/** What the writing will take: a `Quote`, or null. */
	showQuote(quote) {
		const shown = byId("plan-quote");
		if (!shown || typeof quote?.cost_usd_high !== "number") return;
		const { cost_usd_low: low, cost_usd_high: high, words_left: words } = quote;
		shown.textContent = `To write it, ${countOf(words, "word")}, will cost about ${formatDollars(low)} to ${formatDollars(high)}.`;
		shown.hidden = false;
	}

	hide() {
		this.#root.hidden = true;
	}

	setBusy(busy) {
		this.#button.disabled = busy;
		this.#button.textContent = busy ? "Sending…" : "Write it";
	}

	showProblem(problem) {
		showProblem(this.#problem, problem);
	}

	#edited() {
		const fields = this.#root.elements;
		const sections = (this.#outline.sections ?? []).map((section, place) => ({
			...section,
			title: fields[`title-${place}`].value.trim(),
			summary: fields[`summary-${place}`].value.trim(),
		}));
		return { ...this.#outline, title: fields.title.value.trim(), sections };
	}
}

const makeField = (label, control) => make("label.field", {}, make("span", {}, label), control);

function makeSection({ title, summary, target_words: target }, place) {
	const area = make("textarea", { name: `summary-${place}`, dir: "auto", rows: 3 });
	area.value = summary ?? "";
	return make(
		"fieldset.plan__section",
		{},
		make("legend", {}, `Part ${place + 1}`, target ? make("span.optional", {}, `about ${target} words`) : null),
		makeField("Heading", make("input", { name: `title-${place}`, dir: "auto", value: title ?? "" })),
		makeField("What happens", area),
	);
}
