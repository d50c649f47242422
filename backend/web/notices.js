// What a reader has to know before they rely on the text: it stands above the text, and a warning is said aloud.

import { byId, make } from "./elements.js";

export class Notices {
  #root = byId("notices");

  reset() {
    this.#root.replaceChildren();
    this.#root.hidden = true;
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
    "section",
    { class: "told", "data-level": level, role: level === "danger" ? "alert" : null, dir: "auto" },
    make("p", { class: "told__text" }, text),
    passages.length ? make("ul", { class: "told__passages" }, ...passages.map(makePassage)) : null,
  );
}

function makePassage({ section, quote, reason }) {
  return make(
    "li",
    { dir: "auto" },
    section === null || section === undefined ? null : make("span", { class: "told__place", dir: "ltr" }, `${section + 1}. `),
    quote ? make("q", {}, quote) : null,
    quote ? " " : null,
    reason,
  );
}

function makeFindings(findings) {
  return make(
    "details",
    { class: "told", "data-level": "note" },
    make("summary", {}, `What the review still finds fault with (${findings.length})`),
    make("ul", { class: "told__passages" }, ...findings.map(({ section, quote, advice }) => makePassage({ section, quote, reason: advice }))),
  );
}
