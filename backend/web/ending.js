// What comes after the text: the verified mark, new words, choices, files; or what went wrong.

import { callForFile, runPath } from "./api.js";
import { attempt, byId, countOf, formatDollars, make, makeButton, makeProblem, saveFile, showProblem } from "./elements.js";

const CENTS = 100;

const FILES = {
	md: "Take the text (.md)",
	epub: "Take the book (.epub)",
	docx: "Take it for Word (.docx)",
	srt: "Take the subtitles (.srt)",
	ssml: "Take it for a voice (.ssml)",
	segments: "Take it turn by turn (.json)",
	plain: "Take the words alone (.txt)",
};

export class Ending {
	#root = byId("ending");
	#foot = byId("sheet-foot");
	#actions;
	#budget = null;

	/**
	 * `actions`: `choose({choice_index} or {custom_user_input})`, `goOn(caps)`, `download()`, `copyAll(event)`, `startAfresh()`,
	 * `readAgain()`, and `edits()`, the reader's own wordings.
	 */
	constructor(actions) {
		this.#actions = actions;
	}

	reset() {
		this.#root.replaceChildren();
		this.#foot.replaceChildren();
	}

	showComplete(data) {
		const find = (name) => data[name] ?? data.metadata?.[name];
		const words = find("vocabulary_words") ?? [];
		const choices = find("choices") ?? [];
		this.#root.replaceChildren(
			...[
				words.length ? makeVocabulary(words) : null,
				choices.length ? this.#makeChoices(find("choice_question"), choices) : null,
				make(
					"div.ways",
					{},
					makeButton("Copy the text", this.#actions.copyAll),
					make("span.ways__files"),
					makeButton("Print it", () => print()),
					this.#makeAfresh("Write something new"),
					makeProblem("ways__problem form__problem"),
				),
			].filter(Boolean),
		);
	}

	/** Links to what the finished text can be had as. */
	showExports(runId, names) {
		const files = names.filter((name) => name !== "txt").map((name) => this.#makeFile(runId, name));
		this.#root.querySelector(".ways__files")?.replaceChildren(...files);
	}

	// A file with the reader's own wordings is asked for with them.
	#makeFile(runId, name) {
		const path = runPath(runId, `/export?as=${encodeURIComponent(name)}`);
		const onclick = (event) => {
			const sections = Object.entries(this.#actions.edits()).map(([index, text]) => ({ index: Number(index), text }));
			if (!sections.length) return;
			event.preventDefault();
			attempt(this.#root.querySelector(".ways__problem"), async () => {
				const { blob, name: file } = await callForFile(path, { sections });
				saveFile(blob, file);
			});
		};
		return make("a.button", { href: path, download: true, onclick }, FILES[name] ?? `Take it as ${name}`);
	}

	/** `verdict` is what `verifyText` gave. */
	showVerdict(verdict, data) {
		const text = verdict.hashed
			? "Verified: you are reading the stored text, byte for byte"
			: "Compared: you are reading the stored text (its checksum needs a secure page)";
		const mark = verdict.same
			? make("p.verified", { "data-verdict": "same", title: data.sha256 ? `SHA-256 ${data.sha256}` : null }, text)
			: this.#makeMismatch();
		this.#foot.replaceChildren(make("p.sheet__end", { "aria-hidden": "true" }, "❦"), mark);
	}

	#makeMismatch() {
		return make(
			"div.verified.verified--not",
			{ "data-verdict": "different", role: "alert" },
			make("p", {}, "What this page shows is not exactly the stored text. Reading it again should put that right."),
			makeButton("Read it again from the start", () => this.#actions.readAgain()),
		);
	}

	/** `data` is that of the `error` message; `hasText` tells whether there is anything to take away. */
	showError(data, hasText) {
		const cancelled = data.code === "CANCELLED";
		this.#budget = data.code === "BUDGET_EXCEEDED" && data.resumable ? new Budget() : null;
		const panel = make(
			"section.trouble",
			{ "data-code": data.code, role: "alert" },
			make("h2", {}, cancelled ? "Stopped" : "The writing broke off"),
			make("p.trouble__message", { dir: "auto" }, data.message || "The run ended with an error."),
			hasText ? make("p.trouble__kept", {}, keptText(data.partial)) : null,
			this.#budget?.element,
			makeProblem("trouble__problem"),
			make(
				"div.ways",
				{},
				data.resumable ? makeButton("Go on", () => this.#actions.goOn(this.#budget?.caps), "button button--main") : null,
				hasText ? makeButton("Take the text so far", this.#actions.download) : null,
				this.#makeAfresh("Start afresh"),
			),
			data.code && !cancelled ? make("p.trouble__code", {}, data.code) : null,
		);
		this.#root.replaceChildren(panel);
	}

	/** What the run may spend so far and what the rest will cost (see `Budget.offer`). */
	offerBudget(options, quote) {
		this.#budget?.offer(options, quote);
	}

	/** An action of the panel was refused. */
	showProblem(problem) {
		const shown = this.#root.querySelector(".trouble__problem, .choices__problem");
		if (shown) showProblem(shown, problem);
	}

	setBusy(busy) {
		this.#root.querySelectorAll("button").forEach((button) => {
			button.disabled = busy;
		});
	}

	#makeAfresh(label) {
		return makeButton(label, () => this.#actions.startAfresh());
	}

	#makeChoices(question, choices) {
		const own = make("input", { dir: "auto", "aria-label": "Your own idea", placeholder: "Or something else…", autocomplete: "off" });
		const tellOwn = (event) => {
			event.preventDefault();
			if (own.value.trim()) this.#actions.choose({ custom_user_input: own.value.trim() });
			else own.focus();
		};
		return make(
			"section.choices",
			{ "aria-labelledby": "choices-heading" },
			make("h2.choices__question", { id: "choices-heading", dir: "auto" }, question || "What happens next?"),
			make("div.choices__cards", { "data-count": choices.length }, ...choices.map((choice, index) => this.#makeCard(choice, index))),
			make("form.choices__own", { onsubmit: tellOwn }, own, make("button.button", {}, "Go on with this")),
			makeProblem("choices__problem form__problem"),
		);
	}

	#makeCard({ text, description }, index) {
		const card = makeButton(make("span.card__text", { dir: "auto" }, text), () => this.#actions.choose({ choice_index: index }), "card");
		card.dir = "auto";
		if (description) card.append(make("span.card__description", { dir: "auto" }, description));
		return card;
	}
}

function keptText(partial) {
	const words = partial?.words;
	return typeof words === "number" && words > 0 ? `Written so far: ${countOf(words, "word")}.` : "What was written so far is kept.";
}

function makeVocabulary(words) {
	return make(
		"section.vocabulary",
		{ "aria-labelledby": "vocabulary-heading" },
		make("h2.small-heading", { id: "vocabulary-heading" }, "New words"),
		make(
			"dl",
			{},
			...words.map(({ word, definition }) =>
				make("div", {}, make("dt", { dir: "auto" }, word), make("dd", { dir: "auto" }, definition)),
			),
		),
	);
}

// A run that used up what it may spend: how much it may spend from now on, all in all.
class Budget {
	#dollars = makeNumber("any");
	#tokens = makeNumber("1");
	#words = make("p.field__hint", {}, "What was spent already counts too.");
	#more = make("label.field", { hidden: true }, make("span", {}, "Tokens that may be written"), this.#tokens);

	element = make(
		"div.budget",
		{},
		make("label.field", {}, make("span", {}, "New budget in US dollars"), this.#dollars),
		this.#more,
		this.#words,
	);

	/** `options` are the run's; `quote` is what the service guesses for the rest, or null. */
	offer(options, quote) {
		const { budget_usd: budget, max_output_tokens: tokens } = options ?? {};
		const { spent_usd: spent, cost_usd_low: low, cost_usd_high: high, output_tokens: left } = quote ?? {};
		this.#more.hidden = !tokens;
		if (tokens && !this.#tokens.value) this.#tokens.value = left ? tokens + 2 * left : 2 * tokens;
		if (budget && !this.#dollars.value) this.#dollars.value = roundUp(Math.max(2 * budget, (spent ?? 0) + 2 * (high ?? 0)));
		if (typeof high !== "number") return;
		const parts = quote.sections_left?.length ?? 0;
		this.#words.textContent =
			`${formatDollars(spent ?? 0)} is spent. The rest (${countOf(parts, "part")}) takes about ` +
			`${formatDollars(low)} to ${formatDollars(high)} more. What was spent already counts too.`;
	}

	/** The body of a resume. */
	get caps() {
		const caps = {};
		if (this.#dollars.value) caps.budget_usd = Number(this.#dollars.value);
		if (this.#tokens.value) caps.max_output_tokens = Number(this.#tokens.value);
		return caps;
	}
}

function makeNumber(step) {
	return make("input", { type: "number", inputmode: "decimal", min: "0", step });
}

const roundUp = (dollars) => (dollars < 1 ? Number(dollars.toPrecision(2)) : Math.ceil(dollars * CENTS) / CENTS);
