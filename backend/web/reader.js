// The reader's rule of the wire protocol, and nothing else: no DOM, no network.
// One string a section; `content` appends, `retract` empties, everything else leaves the text alone.

const NONE = Object.freeze({ kind: "none" });

export class Reader {
	/** The id to go on from after a break; "" before the first message. */
	lastId = "";
	/** The latest plan, `{title, sections}`, or null. */
	outline = null;
	/** The message that ended the run, `{type, data}`, or null while it goes on. */
	terminal = null;

	#lastSeq = -1;
	#sections = new Map();

	/**
	 * Takes in one message and says what it did to the text: `{kind: "append", section, piece, chunk, complete}`,
	 * `{kind: "empty", section, piece, reason}` or `{kind: "none"}`; null for one that was taken already.
	 */
	take(id, message) {
		const seq = sequenceOf(id);
		if (seq !== null) {
			if (seq <= this.#lastSeq) return null;
			this.#lastSeq = seq;
		}
		if (id) this.lastId = id;
		return this.#apply(message.type, message.data ?? {}, message);
	}

	#apply(type, data, message) {
		if (type === "content") return this.#append(data);
		if (type === "retract") return this.#empty(data);
		if (type === "outline") this.outline = data;
		if (type === "complete" || type === "error") this.terminal = message;
		return NONE;
	}

	// A derived piece is a text beside the story, whatever section it names.
	#append({ section, piece = null, chunk = "", is_complete: complete = false }) {
		if (piece === null) this.#sections.set(section, (this.#sections.get(section) ?? "") + chunk);
		return { kind: "append", section, piece, chunk, complete };
	}

	#empty({ section, piece = null, reason = "" }) {
		if (piece === null) this.#sections.delete(section);
		return { kind: "empty", section, piece, reason };
	}

	/** A failed run was resumed: its `error` is no longer the end. */
	goOn() {
		this.terminal = null;
	}

	/** `[[section, text], …]` in section order; a section that was taken back for good is none. */
	sections() {
		return [...this.#sections].sort(([a], [b]) => a - b);
	}

	/** The story: the sections in order, joined by a blank line. */
	text() {
		return this.sections()
			.map(([, text]) => text)
			.join("\n\n");
	}
}

function sequenceOf(id) {
	const digits = /:(\d+)$/.exec(id ?? "")?.[1];
	return digits === undefined ? null : Number(digits);
}

/**
 * Holds the text that was read against the text that is stored, or against its hash alone.
 * Returns `{same, hashed}`: without SHA-256 (a page over plain HTTP from another machine) only texts can be compared.
 */
export async function verifyText(text, complete, subtle = globalThis.crypto?.subtle) {
	const { story_content: stored } = complete;
	if (stored !== undefined && text !== stored) return { same: false, hashed: false };
	if (!subtle || !complete.sha256) return { same: stored !== undefined, hashed: false };
	const digest = await subtle.digest("SHA-256", new TextEncoder().encode(text));
	const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	return { same: hex === complete.sha256.toLowerCase(), hashed: true };
}

/** The text so far as Markdown: title, section headings, text. */
export function toMarkdown(reader) {
	const headings = new Map((reader.outline?.sections ?? []).map(({ index, title }) => [index, title]));
	const title = reader.outline?.title;
	const parts = title ? [`# ${title}`] : [];
	for (const [section, text] of reader.sections()) {
		if (!text) continue;
		if (headings.get(section)) parts.push(`## ${headings.get(section)}`);
		parts.push(text);
	}
	return `${parts.join("\n\n")}\n`;
}
