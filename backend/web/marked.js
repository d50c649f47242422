// Text in Markdown as it grows: headings, lists, tables, bold and italics. All that it says becomes text nodes.

import { byId, make, makeButton } from "./elements.js";
import { Prose } from "./prose.js";

const HEADING = /^(#{1,6})\s+(.*)/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)/;
const ROW = /\|.*\|/;
const DASHES = /^[\s|:-]+$/;
const EMPHASIS = /\*\*(.+?)\*\*|\*(\S(?:[^*]*\S)?)\*|\[(\d{1,2})\]/;
/** What may begin or end something. */
const MARK = /[*|\]\n]/;
/** So many letters of a line tell what it is. */
const SETTLED = 9;
const AUTO = { dir: "auto" };

export class Marked extends Prose {
	#block = "";
	#made = [];

	// Only the newest block is made anew, and not even that for words which can be nothing else.
	_write(text) {
		const before = this._line ? this.#block : "";
		this.#block = before + text;
		if (this._line?.appendData && before.length - before.lastIndexOf("\n") > SETTLED && !MARK.test(text)) {
			this._line.appendData(text);
			return;
		}
		if (this._line) for (const element of this.#made) element.remove();
		this.#made = blockOf(this.#block);
		this._root.append(...this.#made);
		const last = this.#made.at(-1);
		this._line = (last.localName === "p" ? last : last.querySelector("li:last-child"))?.lastChild ?? last;
	}
}

/** The elements of text without blank lines. */
function blockOf(text) {
	const made = [];
	const open = (tag, makeIt) => {
		if (made.at(-1)?.localName !== tag) made.push(makeIt());
		return made.at(-1);
	};
	for (const line of text.split("\n")) {
		const [, signs, title] = HEADING.exec(line) ?? [];
		const [, number, item] = ITEM.exec(line) ?? [];
		if (signs) made.push(make(`h${Math.max(3, signs.length)}`, AUTO, ...inline(title)));
		else if (ROW.test(line)) addRow(open("div", makeTable).firstChild, line);
		else if (item) open(number ? "ol" : "ul", () => make(number ? "ol" : "ul", { start: number })).append(make("li", AUTO, ...inline(item)));
		else if (made.at(-1)?.localName === "p") made.at(-1).append("\n", ...inline(line));
		else made.push(make("p", AUTO, ...inline(line.trimStart())));
	}
	return made;
}

// One that is wider than the page is moved to and fro by itself, by keyboard too.
const makeTable = () => make("div.table", { tabindex: 0, role: "group", "aria-label": "Table" }, make("table"));

function addRow(table, line) {
	if (DASHES.test(line)) return;
	const cells = line.trim().replace(/^\||\|$/g, "").split("|");
	const tag = table.rows.length ? "td" : "th";
	table.append(make("tr", {}, ...cells.map((cell) => make(tag, AUTO, ...inline(cell.trim())))));
}

// The number of a source below the text, which it leads to.
const cite = (number) => makeButton(`[${number}]`, () => byId("sources-list").children[number - 1]?.scrollIntoView({ block: "center" }), "link");

/** Texts, emphasis and citations; a text node comes last, for what follows. */
function inline(text) {
	const found = EMPHASIS.exec(text);
	if (!found) return [document.createTextNode(text)];
	const [whole, bold, italic, source] = found;
	const said = source ? cite(source) : make(bold ? "strong" : "em", {}, bold ?? italic);
	return [text.slice(0, found.index), said, ...inline(text.slice(found.index + whole.length))];
}
