// Text that grows: paragraphs, split on blank lines. A chunk costs what the chunk is long, however long the
// text already is: it is appended to the last text node.

const BLANK_LINE = /\n[^\S\n]*\n\s*/;
const TRAILING_SPACE = /\s+$/;

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

/** `[words, inWord]` after a chunk: a word that two chunks share is one. */
export function countWords(chunk, words, inWord) {
  if (!chunk) return [words, inWord];
  const goesOn = inWord && /^\S/.test(chunk);
  return [words + (chunk.match(/\S+/g)?.length ?? 0) - (goesOn ? 1 : 0), /\S$/.test(chunk)];
}
