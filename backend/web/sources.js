// What the text stands on: the sources that came with its facts. Only web addresses become links.

import { byId, make } from "./elements.js";

export class Sources {
  #root = byId("sources");

  reset() {
    this.#root.hidden = true;
    byId("sources-list").replaceChildren();
  }

  /** `sources` are `[{title, publisher, date, url}, …]`; each but the title may be missing. */
  show(sources) {
    byId("sources-list").replaceChildren(...sources.map(makeSource));
    this.#root.hidden = sources.length === 0;
  }
}

function makeSource({ title, publisher, date, url }) {
  const name = title || url || "";
  const about = [publisher, date].filter(Boolean).join(", ");
  return make(
    "li",
    { dir: "auto" },
    isWebAddress(url) ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, name) : name,
    about ? make("span", { class: "sources__about" }, ` · ${about}`) : null,
  );
}

function isWebAddress(url) {
  try {
    return /^https?$/.test(new URL(url).protocol.slice(0, -1));
  } catch {
    return false;
  }
}
