// What stands around the text: above it what a reader has to know before they rely on it, of which a warning is said aloud;
// below it its short forms, and at the bottom of the window, while it is being written, how far it is.

import { byId, countOf, formatCount, make } from "./elements.js";
import { Prose } from "./prose.js";

export class Notices {
	#root = byId("notices");

	reset() {
		this.show([], []);
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
		section == null ? null : make("span", { dir: "ltr" }, `Part ${section + 1}: `),
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

const CONNECTIONS = {
	connecting: "connecting…",
	live: "live",
	reconnecting: "reconnecting…",
	ended: "finished",
};

export class Bar {
	#stop = byId("stop");

	constructor(onStop) {
		this.#stop.addEventListener("click", onStop);
	}

	reset() {
		byId("progress").value = 0;
		byId("bar-numbers").textContent = "";
		this.setStatus("Starting…");
		this.setStopping(false);
		byId("bar").hidden = false;
	}

	hide() {
		byId("bar").hidden = true;
	}

	setStatus(text) {
		byId("bar-status").textContent = text;
	}

	setConnection(state) {
		const shown = byId("connection");
		if (shown.dataset.state === state) return;
		const isBack = shown.dataset.state === "reconnecting" && state === "live";
		shown.dataset.state = state;
		shown.textContent = isBack ? "back, nothing lost" : CONNECTIONS[state];
	}

	setStopping(stopping) {
		this.#stop.disabled = stopping;
		this.#stop.textContent = stopping ? "Stopping…" : "Stop";
	}

	showProgress({ percent, words, target_words: target, eta_seconds: eta }) {
		byId("progress").value = percent;
		const parts = [`${Math.round(percent)} %`];
		if (target) parts.push(`${formatCount(words ?? 0)} of ${formatCount(target)} words`);
		const left = eta ? make("span.bar__left", {}, ` · ${timeLeft(eta)}`) : "";
		byId("bar-numbers").replaceChildren(parts.join(" · "), left);
	}
}

function timeLeft(seconds) {
	if (seconds < 90) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s left`;
	return `about ${Math.round(seconds / 60)} min left`;
}
