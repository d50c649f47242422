// The plan beside the text: titles, targets, and how far each section is.

import { byId, directionOf, formatCount, make } from "./elements.js";

export class Contents {
  #list = byId("contents");
  #items = new Map();
  #pace = 0;
  #onGo;

  /** `onGo(section)` brings a section into view. */
  constructor(onGo) {
    this.#onGo = onGo;
  }

  reset() {
    this.#pace = 0;
    this.#items.clear();
    this.#list.replaceChildren();
    byId("contents-empty").hidden = false;
  }

  /** Shows `sections` (`{index, title, summary, target_words}`); `wordsOf(section)` is what is there already. */
  show(sections, wordsOf) {
    const states = new Map([...this.#items].map(([section, item]) => [section, item.root.dataset.state]));
    this.#items = new Map(sections.map((section) => [section.index, this.#makeItem(section)]));
    this.#list.replaceChildren(...[...this.#items.values()].map((item) => item.root));
    for (const { index } of sections) this.mark(index, states.get(index) ?? "waiting", wordsOf(index));
    this.#list.dir = directionOf(sections[0]?.title) ?? "ltr";
    byId("contents-empty").hidden = true;
  }

  /** The text is spoken, so many words a minute: words are told as a time too. */
  setPace(wordsAMinute) {
    this.#pace = wordsAMinute ?? 0;
  }

  #clock(words) {
    return this.#pace ? ` · ${clockOf((words * 60) / this.#pace)}` : "";
  }

  #makeItem({ index, title, summary, target_words: target }) {
    const words = make("bdi", { dir: "ltr" });
    const root = make(
      "li",
      { class: "contents__item" },
      make("button", { type: "button", class: "contents__title", dir: "auto", onclick: () => this.#onGo(index) }, title),
      summary ? make("p", { class: "contents__summary", dir: "auto" }, summary) : null,
      make("span", { class: "contents__words" }, words),
    );
    return { root, words, target };
  }

  /** `state`: "waiting", "writing" or "done". */
  mark(section, state, words) {
    const item = this.#items.get(section);
    if (!item) return;
    if (item.root.dataset.state !== state) {
      item.root.dataset.state = state;
      if (state === "writing") item.root.setAttribute("aria-current", "step");
      else item.root.removeAttribute("aria-current");
    }
    const target = item.target ? formatCount(item.target) : "";
    if (state === "waiting") item.words.textContent = target && `about ${target} words${this.#clock(item.target)}`;
    else item.words.textContent = (target ? `${formatCount(words)} of ${target} words` : `${formatCount(words)} words`) + this.#clock(words);
  }

  /** The run ended: nothing is being written any more. */
  close() {
    for (const item of this.#items.values()) {
      if (item.root.dataset.state === "writing") item.root.dataset.state = "broken";
      item.root.removeAttribute("aria-current");
    }
  }
}

/** 75 → "1:15". */
export function clockOf(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
