// Text that is turns of speakers, `LABEL: words` a line: each a paragraph of its own, in its speaker's colour. Grows as
// `Prose` does, and holds back the few letters of a line that may yet become a label.

import { make } from "./elements.js";
import { countWords } from "./prose.js";

const LABEL = /^([^\n:]{1,40}):[^\S\n]*/;
const LONGEST = 42;
const COLOURS = 6;

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
    const name = label ? make("b", { class: "turn__who" }, label[0]) : null;
    const colour = speaker === null ? null : speaker % COLOURS;
    this.#root.append(make("p", { class: "turn", dir: "auto", "data-speaker": colour }, name, this.#line));
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
