// What stands around the text: above it what a reader has to know before they rely on it, of which a warning is said aloud;
// below it its sources, of which only web addresses become links, and its short forms.

import { byId, countOf, make } from "./elements.js";
import { Prose } from "./prose.js";

export class Notices {
	#root = byId("notices");

	reset() {
		this.#root.replaceChildren();
		this.#root.hidden = true;
	}

	/** `notices` as in `metadata`; `findings`: what the format's own review still finds, unless a notice tells it. */
	show(notices, findings) {
		const told = new Set(notices.flatMap(({ passages = [] }) => passages.map(({ quote }) => quote)));
		const others = findings.filter(({ quote }) => !quote || !told.has(quote));
		this.#root.replaceChildren(...notices.map(makeNotice), ...(others.length ? [makeFindings(others)] : []));
		this.#root.hidden = !this.#root.childElementCount;
	}
}

function makeNotice({ level, text, passages = [] }) {
	return make(
		"section.told",
		{ "data-level": level, role: level === "danger" ? "alert" : null, dir: "auto" },
		make("p.told__text", {}, text),
		passages.length ? make("ul.told__passages", {}, ...passages.map(makePassage)) : null,
	);
}

function makePassage({ section, quote, reason }) {
	return make(
		"li",
		{ dir: "auto" },
		section === null || section === undefined ? null : make("span", { dir: "ltr" }, `Part ${section + 1}: `),
		quote ? make("q", {}, quote) : null,
		quote ? " – " : null,
		reason,
	);
}

function makeFindings(findings) {
	return make(
		"details.told",
		{ "data-level": "note" },
		make("summary", {}, `What the review still finds fault with (${findings.length})`),
		make("ul.told__passages", {}, ...findings.map(({ section, quote, advice }) => makePassage({ section, quote, reason: advice }))),
	);
}

export class Sources {
	#root = byId("sources");

	reset() {
		this.#root.hidden = true;
		byId("sources-list").replaceChildren();
	}

	/** `sources` are `[{title, publisher, date, url}, …]`, or what a format makes instead, such as titles alone. */
	show(sources) {
		const found = Array.isArray(sources) ? sources : [];
		byId("sources-list").replaceChildren(...found.map((one) => makeSource(Object(typeof one === "string" ? { title: one } : one))));
		this.#root.hidden = !found.length;
	}
}

function makeSource({ title, publisher, date, url }) {
	const name = title || url || "";
	const about = [publisher, date].filter(Boolean).join(", ");
	return make(
		"li",
		{ dir: "auto" },
		isWebAddress(url) ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, name) : name,
		about ? make("span.sources__about", {}, ` · ${about}`) : null,
	);
}

const isWebAddress = (url) => /^https?:\/\//i.test(url);

export class Pieces {
	#root = byId("pieces");
	#parts = new Map();

	reset() {
		this.#parts.clear();
		this.#root.replaceChildren();
		this.#root.hidden = true;
	}

	append(name, chunk) {
		const { prose, count } = this.#parts.get(name) ?? this.#begin(name);
		prose.append(chunk);
		count.textContent = ` · ${countOf(prose.words, "word")}`;
	}

	empty(name) {
		this.#parts.get(name)?.box.remove();
		this.#parts.delete(name);
		this.#root.hidden = this.#parts.size === 0;
	}

	/** The titles, which come with the end: `[{name, title}, …]`. */
	setTitles(pieces) {
		for (const { name, title } of pieces) {
			const part = this.#parts.get(name);
			if (part) part.title.textContent = `${name} · ${title}`;
		}
	}

	#begin(name) {
		const text = make("div");
		const title = make("bdi", {}, name);
		const count = make("span");
		const box = make("details.pieces__piece", {}, make("summary", {}, title, count), text);
		const part = { box, title, count, prose: new Prose(text) };
		this.#parts.set(name, part);
		this.#root.append(box);
		this.#root.hidden = false;
		return part;
	}
}
