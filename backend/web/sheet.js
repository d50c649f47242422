// The sheet of paper: title, and the sections' text as it is being written.

import { chapterName, paintCover } from "./cover.js";
import { byId, directionOf, make } from "./elements.js";
import { Marked, Prose, Turns } from "./prose.js";

const RETRACTED = {
	safety: "This part was taken back by the safety check and is being written again…",
	revision: "This part is being revised…",
	restart: "This part is being written again…",
};

export class Sheet {
	#root = byId("sheet");
	#text = byId("story-text");
	#parts = new Map();
	#titles = new Map();
	#speakers = new Map();
	#kind = Prose;
	#directed = false;
	#book = {};

	/** Empties the sheet for a run; `request` (or null when it isn't known) gives chapter, reader and language. */
	reset(request) {
		this.#parts.clear();
		this.#titles.clear();
		this.#speakers.clear();
		this.#kind = Prose;
		this.#text.replaceChildren();
		this.#root.classList.remove("sheet--cited");
		this.#root.removeAttribute("dir");
		this.#root.removeAttribute("lang");
		this.#directed = false;
		this.#book = {};
		this.setTitle("");
		this.showRequest(request);
	}

	/** The text is turns of speakers, or Markdown: from now on, and what is there is `[[section, text], …]`. */
	showAs({ turns, markdown }, sections) {
		const kind = turns ? Turns : markdown ? Marked : Prose;
		if (this.#kind === kind) return;
		this.#kind = kind;
		for (const [section, text] of sections) {
			const part = this.#parts.get(section);
			if (!part) continue;
			part.prose.clear();
			part.prose = new kind(part.body, this.#speakers);
			part.prose.append(text);
			if (!part.root.classList.contains("section--writing")) part.prose.end();
		}
	}

	/** Puts what `make(section)` gives below the heading of each section that has a text. */
	addTools(makeTools) {
		for (const [section, { heading, prose }] of this.#parts) {
			if (prose.words) heading.after(makeTools(section));
		}
	}

	showRequest(request) {
		const { reader = {}, chapter_number: chapter, theme } = request?.input ?? {};
		this.#paint({ theme, chapter, reader: reader.name && `for ${reader.name}` });
		byId("story-chapter").textContent = chapter ? chapterName(chapter) : "";
		byId("story-reader").replaceChildren(...(reader.name ? ["written for ", make("bdi", {}, reader.name)] : []));
		const language = reader.language ?? request?.input?.language;
		if (!language) return;
		this.#root.lang = language;
		this.#direct(language === "he" ? "rtl" : "ltr");
	}

	setTitle(title) {
		byId("story-title").textContent = title;
		this.#root.classList.toggle("sheet--untitled", !title);
		this.#paint({ title });
		this.#directBy(title);
	}

	setTitles(sections) {
		for (const { index, title } of sections) {
			this.#titles.set(index, title);
			const part = this.#parts.get(index);
			if (part) part.heading.textContent = title;
		}
	}

	titleOf(section) {
		return this.#titles.get(section) ?? "";
	}

	/** Makes room for a section and sets the caret there. */
	begin(section) {
		this.#partOf(section).root.classList.add("section--writing");
	}

	append(section, chunk, complete) {
		const part = this.#partOf(section);
		this.#directBy(chunk);
		if (chunk) part.note.hidden = true;
		part.prose.append(chunk);
		if (complete) part.prose.end();
		part.root.classList.toggle("section--writing", !complete);
	}

	reword(section, text, isOwn) {
		const { prose, note } = this.#partOf(section);
		note.textContent = "This part is in your wording.";
		note.hidden = !isOwn;
		prose.clear();
		prose.append(text);
		prose.end();
	}

	empty(section, reason) {
		const part = this.#partOf(section);
		part.prose.clear();
		part.note.textContent = RETRACTED[reason] ?? RETRACTED.restart;
		part.note.hidden = false;
		part.root.classList.remove("section--writing");
	}

	/** The run ended: no carets, and no room for sections without text. */
	close() {
		for (const part of this.#parts.values()) {
			part.root.classList.remove("section--writing");
			part.prose.end();
			part.root.hidden = part.prose.words === 0;
		}
	}

	wordsOf(section) {
		return this.#parts.get(section)?.prose.words ?? 0;
	}

	/** The element at whose end text is being written. */
	get tail() {
		const writing = this.#text.querySelectorAll(".section--writing");
		return writing[writing.length - 1] ?? this.#text.lastElementChild;
	}

	scrollTo(section) {
		this.#parts.get(section)?.root.scrollIntoView();
	}

	#partOf(section) {
		const known = this.#parts.get(section);
		if (known) {
			known.root.hidden = false;
			return known;
		}
		const heading = make("h2.section__title", { dir: "auto" }, this.titleOf(section));
		const body = make("div.section__text");
		const note = make("p.section__note", { dir: "ltr", hidden: true });
		const root = make("section.section", { "data-section": section }, heading, body, note);
		const after = [...this.#parts.keys()].filter((index) => index > section).sort((a, b) => a - b)[0];
		this.#text.insertBefore(root, after === undefined ? null : this.#parts.get(after).root);
		const part = { root, heading, note, body, prose: new this.#kind(body, this.#speakers) };
		this.#parts.set(section, part);
		return part;
	}

	#paint(changes) {
		this.#book = { ...this.#book, ...changes };
		paintCover(byId("run-cover"), this.#book);
	}

	#directBy(text) {
		const direction = this.#directed ? null : directionOf(text);
		if (direction) this.#direct(direction);
	}

	#direct(direction) {
		this.#directed = true;
		this.#root.dir = direction;
	}
}
