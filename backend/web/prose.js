// Text that grows: in paragraphs, in turns of speakers, or as Markdown, all of whose words become text nodes. A chunk costs what
// it is long, however long the text.

import { make } from "./elements.js";
import { cite } from "./sources.js";

const BLANK_LINE = /\n[^\S\n]*\n\s*/;
const TRAILING_SPACE = /\s+$/;
const LABEL = /^([^\n:]{1,40}):[^\S\n]*/;
const LONGEST = 42;
const COLOURS = 6;
const HEADING = /^(#{1,6})\s+(.*)/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)/;
const ROW = /\|.*\|/;
const DASHES = /^[\s|:-]+$/;
const EMPHASIS = /\*\*(.+?)\*\*|\*(\S(?:[^*]*\S)?)\*|(\[\d{1,2}(?:, ?\d{1,2})*\])/g;
/** What may begin or end something. */
const MARK = /[*|\]\n]/;
/** So many letters of a line tell what it is. */
const SETTLED = 9;
/** A longer line has its marks drawn each time that it has grown by an eighth. */
const LONG = 1000;
const AUTO = { dir: "auto" };

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
		this._line = new Text(text.trimStart());
		this._root.append(make("p", AUTO, this._line));
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
		this._line = new Text();
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

/** Headings, lists, tables, bold and italics, and numbers of sources. */
export class Marked extends Prose {
	#tail = "";
	#made = [];
	#last = null;
	#before = null;
	/** Letters since the first mark that isn't drawn yet. */
	#raw = 0;

	end() {
		if (this.#raw) this.#draw("");
	}

	clear() {
		super.clear();
		this.#raw = 0;
	}

	// Only the newest line is made anew, and not even that for what can be words alone.
	_write(text) {
		if (!this._line) {
			this.end();
			[this.#tail, this.#made, this.#last, this.#before] = ["", [], null, null];
		}
		const { length } = this.#tail;
		const waits = this.#raw || MARK.test(text);
		const canWait = length > LONG && this.#raw < length / 8 && !text.includes("\n");
		if (!this._line?.appendData || length < SETTLED || (waits && !canWait)) return this.#draw(text);
		if (waits) this.#raw += text.length;
		this.#tail += text;
		return this._line.appendData(text);
	}

	#draw(text) {
		this.#raw = 0;
		for (const node of this.#made) node.remove();
		this.#last = this.#before;
		for (const line of (this.#tail + text).split("\n")) {
			[this.#before, this.#tail] = [this.#last, line];
			this.#made = this.#add(line);
		}
		const { localName, lastElementChild } = this.#last;
		const open = localName === "p" ? this.#last : /[uo]l/.test(localName) && lastElementChild;
		this._line = open?.lastChild ?? this.#last;
	}

	/** The nodes of a line, put into the block's last element or a new one. */
	#add(line) {
		const [, signs, title] = HEADING.exec(line) ?? [];
		const [, number, item] = ITEM.exec(line) ?? [];
		if (signs) return this.#put("", () => make(signs[3] ? "h4" : "h3", AUTO, ...inline(title)), () => []);
		if (ROW.test(line)) return this.#put("div", makeTable, (table) => rowsOf(table.firstChild, line));
		const list = number ? "ol" : "ul";
		if (item) return this.#put(list, () => make(list, { start: number }), () => [make("li", AUTO, ...inline(item))]);
		return this.#put("p", () => make("p", AUTO), (p) => inline(p.firstChild ? `\n${line}` : line.trimStart()));
	}

	#put(tag, makeIt, fill) {
		const isNew = this.#last?.localName !== tag;
		if (isNew) this._root.append((this.#last = makeIt()));
		const nodes = fill(this.#last);
		(tag === "div" ? this.#last.firstChild : this.#last).append(...nodes);
		return isNew ? [this.#last] : nodes;
	}
}

// One that is wider than the page is moved to and fro by itself, by keyboard too.
const makeTable = () => make("div.table", { tabindex: 0, role: "group", "aria-label": "Table" }, make("table"));

function rowsOf(table, line) {
	if (DASHES.test(line)) return [];
	const cells = line.trim().replace(/^\||\|$/g, "").split("|");
	const tag = table.rows.length ? "td" : "th";
	return [make("tr", {}, ...cells.map((cell) => make(tag, AUTO, ...inline(cell.trim()))))];
}

/** Texts, emphasis and citations; a text node comes last, for what follows. */
function inline(text) {
	const made = [];
	let start = 0;
	for (const { 0: whole, 1: bold, 2: italic, 3: source, index } of text.matchAll(EMPHASIS)) {
		made.push(new Text(text.slice(start, index)));
		if (source) made.push(make("span.cites", {}, ...source.split(/(\d+)/).map((part, place) => (place % 2 ? cite(part) : part))));
		else made.push(make(bold ? "strong" : "em", {}, bold ?? italic));
		start = index + whole.length;
	}
	return [...made, new Text(text.slice(start))];
}
