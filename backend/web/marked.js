// Text in Markdown as it grows: headings, lists, tables, bold and italics. All that it says becomes text nodes.

import { byId, make, makeButton } from "./elements.js";
import { Prose } from "./prose.js";

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

// The number of a source below the text, which it leads to.
const cite = (number) => makeButton(number, () => goTo(byId("sources-list").children[number - 1]), "link", { "aria-label": `Source ${number}` });

function goTo(source) {
	if (!source) return;
	source.tabIndex = -1;
	source.focus();
}

/** Texts, emphasis and citations; a text node comes last, for what follows. */
function inline(text) {
	const made = [];
	let start = 0;
	for (const { 0: whole, 1: bold, 2: italic, 3: source, index } of text.matchAll(EMPHASIS)) {
		made.push(new Text(text.slice(start, index)));
		if (source) made.push(...source.split(/(\d+)/).map((part, place) => (place % 2 ? cite(part) : new Text(part))));
		else made.push(make(bold ? "strong" : "em", {}, bold ?? italic));
		start = index + whole.length;
	}
	return [...made, new Text(text.slice(start))];
}
