// Beside the text: its plan, and what is known of it: safety verdicts, metrics, costs.

import { byId, countOf, directionOf, formatCount, formatDollars, make, makeButton } from "./elements.js";

const MEASURES = ["Words", "Reading time", "Speaking time", "Vocabulary", "Supported", "Key points", "To learn", "Model", "Tokens", "Cost", "From the cache"];
const STAGES = { input: "Idea", sentence: "Sentences", section: "Sections", final: "Whole text" };

export class Contents {
	#list = byId("contents");
	#items = new Map();
	#pace = 0;
	#onGo;

	/** `onGo(section)` brings a section into view. */
	constructor(onGo) {
		this.#onGo = onGo;
	}

	reset() {
		this.#pace = 0;
		this.#items.clear();
		this.#list.replaceChildren();
		byId("contents-empty").hidden = false;
	}

	/** Shows `sections` (`{index, title, summary, target_words}`); `wordsOf(section)` is what is there already. */
	show(sections, wordsOf) {
		const states = new Map([...this.#items].map(([section, item]) => [section, item.root.dataset.state]));
		this.#items = new Map(sections.map((section) => [section.index, this.#makeItem(section)]));
		this.#list.replaceChildren(...[...this.#items.values()].map((item) => item.root));
		for (const { index } of sections) this.mark(index, states.get(index) ?? "waiting", wordsOf(index));
		this.#list.dir = directionOf(sections[0]?.title) ?? "ltr";
		byId("contents-empty").hidden = true;
	}

	/** The text is spoken, so many words a minute: words are told as a time too. */
	setPace(wordsAMinute) {
		this.#pace = wordsAMinute ?? 0;
	}

	#clock(words) {
		return this.#pace ? ` · ${clockOf((words * 60) / this.#pace)}` : "";
	}

	#makeItem({ index, title, summary, target_words: target }) {
		const words = make("bdi", { dir: "ltr" });
		const root = make(
			"li.contents__item",
			{},
			makeButton(title, () => this.#onGo(index), "contents__title", { dir: "auto" }),
			summary ? make("p.contents__summary", { dir: "auto" }, summary) : null,
			make("span.contents__words", {}, words),
		);
		return { root, words, target };
	}

	mark(section, state, words) {
		const item = this.#items.get(section);
		if (!item) return;
		if (item.root.dataset.state !== state) {
			item.root.dataset.state = state;
			item.root.ariaCurrent = state === "writing" ? "step" : null;
		}
		const target = item.target ? formatCount(item.target) : "";
		if (state === "waiting") item.words.textContent = target && `about ${target} words${this.#clock(item.target)}`;
		else item.words.textContent = (target ? `${formatCount(words)} of ${target} words` : countOf(words, "word")) + this.#clock(words);
	}

	close() {
		for (const item of this.#items.values()) {
			if (item.root.dataset.state === "writing") item.root.dataset.state = "broken";
			item.root.ariaCurrent = null;
		}
	}
}

/** 75 → "1:15". */
function clockOf(seconds) {
	const whole = Math.round(seconds);
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export class Facts {
	#verdicts = new Map();
	#measures = new Map();

	reset() {
		this.#verdicts.clear();
		this.#measures.clear();
		byId("safety").replaceChildren();
		byId("measures").replaceChildren();
		byId("facts").hidden = true;
	}

	/** One verdict. Sentences and sections are judged many times, so theirs are counted. */
	showVerdict({ stage, approved, score, issues = [] }) {
		const before = this.#verdicts.get(stage) ?? { count: 0, refused: 0 };
		const refused = before.refused + (approved ? 0 : 1);
		this.#verdicts.set(stage, { count: before.count + 1, refused, approved, score, issues });
		byId("safety").replaceChildren(
			...Object.keys(STAGES)
				.filter((known) => this.#verdicts.has(known))
				.map((known) => makeBadge(known, this.#verdicts.get(known))),
		);
		byId("facts").hidden = false;
	}

	showMetrics(metadata) {
		const minutes = metadata.estimated_reading_time;
		this.#measure("Words", isNumber(metadata.word_count) ? formatCount(metadata.word_count) : null);
		this.#measure("Reading time", isNumber(minutes) ? readingTime(minutes) : null);
		this.#measure("Vocabulary", metadata.vocabulary_level);
		const spoken = metadata.speaking_minutes ?? (isNumber(metadata.speaking_seconds) ? metadata.speaking_seconds / 60 : null);
		this.#measure("Speaking time", isNumber(spoken) ? clockOf(spoken * 60) : null);
		const { checked, supported } = metadata.grounding ?? {};
		this.#measure("Supported", isNumber(checked) ? `${formatCount(supported)} of ${formatCount(checked)} statements` : null);
		const points = metadata.compliance?.points ?? [];
		this.#measure("Key points", points.length ? make("ul.points", {}, ...points.map(makePoint)) : null);
		const learned = (metadata.educational_elements ?? []).map(labelOf).filter(Boolean);
		this.#measure("To learn", learned.length ? make("ul", {}, ...learned.map((label) => make("li", { dir: "auto" }, label))) : null);
	}

	showUsage({ model, input_tokens: read, output_tokens: written, cost_usd: cost, budget_usd: budget }) {
		this.#measure("Model", model);
		if (isNumber(read) && isNumber(written)) {
			this.#measure("Tokens", `${formatCount(read)} read, ${formatCount(written)} written`);
		}
		if (isNumber(cost)) {
			this.#measure("Cost", `${formatDollars(cost)}${isNumber(budget) ? ` of ${formatDollars(budget)}` : ""}`);
		}
	}

	/** The text was there already: nothing was bought for it. */
	showCached() {
		this.#measure("From the cache", "yes: no model was called");
	}

	#measure(name, value) {
		if (value == null || value === "") return;
		this.#measures.set(name, value);
		byId("measures").replaceChildren(
			...MEASURES.filter((known) => this.#measures.has(known)).map((known) => {
				const shown = this.#measures.get(known);
				return make("div", {}, make("dt", {}, known), make("dd", {}, shown instanceof Node ? shown : String(shown)));
			}),
		);
		byId("facts").hidden = false;
	}
}

function makeBadge(stage, verdict) {
	const counted = stage === "sentence" || stage === "section";
	const good = counted ? verdict.refused === 0 : verdict.approved;
	const score = isNumber(verdict.score) ? `Score ${verdict.score.toFixed(2)}` : null;
	return make(
		"li.badge",
		{ "data-stage": stage, "data-verdict": good ? "approved" : "refused", title: score },
		make("span.badge__name", {}, STAGES[stage]),
		make("span", {}, counted ? verdictsOf(verdict) : verdict.approved ? "safe" : "not approved"),
		verdict.approved ? null : makeIssues(verdict.issues),
	);
}

const verdictsOf = ({ count, refused }) => `${formatCount(count)} checked${refused ? `, ${formatCount(refused)} refused` : ""}`;

function makeIssues(issues) {
	const said = new Set(issues.map(({ category, advice }) => advice || category));
	return make("ul.badge__issues", {}, ...[...said].map((one) => make("li", { dir: "auto" }, one)));
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

function readingTime(minutes) {
	if (minutes < 1) return "under a minute";
	return countOf(Math.round(minutes), "minute");
}

function labelOf(element) {
	if (typeof element === "string") return element;
	return element?.name ?? element?.title ?? element?.text ?? element?.description ?? "";
}

function makePoint({ text, priority, covered }) {
	return make("li", { dir: "auto", "data-made": String(Boolean(covered)) }, text, make("span.optional", {}, covered ? priority : `${priority}: not made`));
}
