// Text that grows, in paragraphs. A chunk costs what it is long, however long the text: it is appended to the last node.

import { make } from "./elements.js";

const BLANK_LINE = /\n[^\S\n]*\n\s*/;
const TRAILING_SPACE = /\s+$/;
const LABEL = /^([^\n:]{1,40}):[^\S\n]*/;
const LONGEST = 42;
const COLOURS = 6;

export class Prose {
	/** Words so far. */
	words = 0;

	#root;
	#line = null;
	#held = "";
	#inWord = false;

	constructor(root) {
		this.#root = root;
	}

	append(chunk) {
		[this.words, this.#inWord] = countWords(chunk, this.words, this.#inWord);
		// Space at the end is held back: only the next chunk tells whether it is a paragraph's end.
		const text = this.#held + chunk;
		this.#held = TRAILING_SPACE.exec(text)?.[0] ?? "";
		const ready = text.slice(0, text.length - this.#held.length);
		if (!ready) return;
		const [first, ...rest] = ready.split(BLANK_LINE);
		if (first) this.#write(first);
		for (const paragraph of rest) {
			this.#line = null;
			if (paragraph) this.#write(paragraph);
		}
	}

	#write(text) {
		if (this.#line) {
			this.#line.appendData(text);
			return;
		}
		const paragraph = document.createElement("p");
		paragraph.dir = "auto";
		this.#line = document.createTextNode(text.trimStart());
		paragraph.append(this.#line);
		this.#root.append(paragraph);
	}

	/** Nothing more comes. */
	end() {}

	clear() {
		this.#root.replaceChildren();
		this.#line = null;
		this.#held = "";
		this.#inWord = false;
		this.words = 0;
	}
}

/**
 * Text of speakers' turns, `LABEL: words` a line, each a paragraph in its speaker's colour. Grows as `Prose` does, but holds
 * back the few letters that may yet become a label.
 */
export class Turns {
	words = 0;

	#root;
	#speakers;
	#line = null;
	#held = "";
	#inWord = false;

	/** `speakers` maps labels to numbers, in the order in which they first spoke; it is shared by all sections. */
	constructor(root, speakers) {
		this.#root = root;
		this.#speakers = speakers;
	}

	append(chunk) {
		[this.words, this.#inWord] = countWords(chunk, this.words, this.#inWord);
		let text = this.#held + chunk;
		this.#held = "";
		while (text) text = this.#line ? this.#goOn(text) : this.#begin(text, false);
	}

	/** Nothing more comes. */
	end() {
		const text = this.#held;
		this.#held = "";
		if (text) this.#goOn(this.#begin(text, true));
	}

	#begin(text, isLast) {
		const ready = text.trimStart();
		const label = LABEL.exec(ready);
		if (!label && !isLast && !ready.includes("\n") && ready.length < LONGEST) {
			this.#held = ready;
			return "";
		}
		const speaker = label ? this.#numberOf(label[1]) : null;
		this.#line = document.createTextNode("");
		const name = label ? make("b.turn__who", {}, label[0]) : null;
		const colour = speaker === null ? null : speaker % COLOURS;
		this.#root.append(make("p.turn", { dir: "auto", "data-speaker": colour }, name, this.#line));
		return label ? ready.slice(label[0].length) : ready;
	}

	#goOn(text) {
		const end = text.indexOf("\n");
		this.#line.appendData(end < 0 ? text : text.slice(0, end));
		if (end < 0) return "";
		this.#line = null;
		return text.slice(end + 1);
	}

	#numberOf(label) {
		if (!this.#speakers.has(label)) this.#speakers.set(label, this.#speakers.size);
		return this.#speakers.get(label);
	}

	clear() {
		this.#root.replaceChildren();
		this.#line = null;
		this.#held = "";
		this.#inWord = false;
		this.words = 0;
	}
}

/** `[words, inWord]` after a chunk: a word that two chunks share is one. */
function countWords(chunk, words, inWord) {
	if (!chunk) return [words, inWord];
	const goesOn = inWord && /^\S/.test(chunk);
	return [words + (chunk.match(/\S+/g)?.length ?? 0) - (goesOn ? 1 : 0), /\S$/.test(chunk)];
}
