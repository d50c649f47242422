// Text that grows, in paragraphs. A chunk costs what it is long, however long the text.

import { make } from "./elements.js";

const BLANK_LINE = /\n[^\S\n]*\n\s*/;
const TRAILING_SPACE = /\s+$/;
const LABEL = /^([^\n:]{1,40}):[^\S\n]*/;
const LONGEST = 42;
const COLOURS = 6;

class Growing {
	/** Words so far. */
	words = 0;

	_line = null;
	_held = "";
	#inWord = false;

	constructor(root) {
		this._root = root;
	}

	/** A word that two chunks share is one. */
	append(chunk) {
		if (!chunk) return;
		const goesOn = this.#inWord && /^\S/.test(chunk);
		this.words += (chunk.match(/\S+/g)?.length ?? 0) - (goesOn ? 1 : 0);
		this.#inWord = /\S$/.test(chunk);
	}

	end() {}

	clear() {
		this._root.replaceChildren();
		this._line = null;
		this._held = "";
		this.#inWord = false;
		this.words = 0;
	}
}

export class Prose extends Growing {
	append(chunk) {
		super.append(chunk);
		// Space at the end is held back: only the next chunk tells whether it is a paragraph's end.
		const text = this._held + chunk;
		this._held = TRAILING_SPACE.exec(text)?.[0] ?? "";
		const ready = text.slice(0, text.length - this._held.length);
		if (!ready) return;
		const [first, ...rest] = ready.split(BLANK_LINE);
		if (first) this._write(first);
		for (const paragraph of rest) {
			this._line = null;
			if (paragraph) this._write(paragraph);
		}
	}

	_write(text) {
		if (this._line) {
			this._line.appendData(text);
			return;
		}
		const paragraph = document.createElement("p");
		paragraph.dir = "auto";
		this._line = document.createTextNode(text.trimStart());
		paragraph.append(this._line);
		this._root.append(paragraph);
	}
}

/**
 * Text of speakers' turns, `LABEL: words` a line, each a paragraph in its speaker's colour. Holds back the few letters that may
 * yet become a label.
 */
export class Turns extends Growing {
	#speakers;

	/** `speakers` maps labels to numbers, in the order in which they first spoke; it is shared by all sections. */
	constructor(root, speakers) {
		super(root);
		this.#speakers = speakers;
	}

	append(chunk) {
		super.append(chunk);
		let text = this._held + chunk;
		this._held = "";
		while (text) text = this._line ? this.#goOn(text) : this.#begin(text, false);
	}

	end() {
		const text = this._held;
		this._held = "";
		if (text) this.#goOn(this.#begin(text, true));
	}

	#begin(text, isLast) {
		const ready = text.trimStart();
		const label = LABEL.exec(ready);
		if (!label && !isLast && !ready.includes("\n") && ready.length < LONGEST) {
			this._held = ready;
			return "";
		}
		const speaker = label ? this.#numberOf(label[1]) : null;
		this._line = document.createTextNode("");
		const name = label ? make("b.turn__who", {}, label[0]) : null;
		const colour = speaker === null ? null : speaker % COLOURS;
		this._root.append(make("p.turn", { dir: "auto", "data-speaker": colour }, name, this._line));
		return label ? ready.slice(label[0].length) : ready;
	}

	#goOn(text) {
		const end = text.indexOf("\n");
		this._line.appendData(end < 0 ? text : text.slice(0, end));
		if (end < 0) return "";
		this._line = null;
		return text.slice(end + 1);
	}

	#numberOf(label) {
		if (!this.#speakers.has(label)) this.#speakers.set(label, this.#speakers.size);
		return this.#speakers.get(label);
	}
}
