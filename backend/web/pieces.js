// The texts beside the story, such as an episode's short forms: each folded under its name, below the text.

import { byId, formatCount, make } from "./elements.js";
import { Prose } from "./prose.js";

export class Pieces {
  #root = byId("pieces");
  #parts = new Map();

  reset() {
    this.#parts.clear();
    this.#root.replaceChildren();
    this.#root.hidden = true;
  }

  append(name, chunk) {
    const { prose, count } = this.#parts.get(name) ?? this.#begin(name);
    prose.append(chunk);
    count.textContent = ` · ${formatCount(prose.words)} words`;
  }

  empty(name) {
    this.#parts.get(name)?.box.remove();
    this.#parts.delete(name);
    this.#root.hidden = this.#parts.size === 0;
  }

  /** The titles, which come with the end: `[{name, title}, …]`. */
  setTitles(pieces) {
    for (const { name, title } of pieces) {
      const part = this.#parts.get(name);
      if (part) part.title.textContent = `${name} · ${title}`;
    }
  }

  #begin(name) {
    const text = make("div", { class: "pieces__text" });
    const title = make("bdi", {}, name);
    const count = make("span", { class: "pieces__words" });
    const box = make("details", { class: "pieces__piece" }, make("summary", {}, title, count), text);
    const part = { box, title, count, prose: new Prose(text) };
    this.#parts.set(name, part);
    this.#root.append(box);
    this.#root.hidden = false;
    return part;
  }
}
