// Tips on a form while it is being filled in, and the plan that would be written: no model is called for them.

import { call, Problem } from "./api.js";
import { byId, formatCount, make } from "./elements.js";

const PAUSE_MS = 350;

export class Tips {
  #root = byId("tips");
  #fieldOf;
  #address = null;
  #timer = 0;
  #asked = 0;

  /** `fieldOf(path)` finds the field that a tip is about, or null. */
  constructor(fieldOf) {
    this.#fieldOf = fieldOf;
  }

  /** `address` takes the input and answers with tips; null: there are none for this format. */
  watch(address) {
    this.#address = address ?? null;
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }

  /** Asks once the typing pauses. */
  check(input) {
    clearTimeout(this.#timer);
    if (this.#address) this.#timer = setTimeout(() => this.#ask(input), PAUSE_MS);
  }

  async #ask(input) {
    const asked = (this.#asked += 1);
    try {
      const { tips, plan, words } = await call("POST", this.#address, { body: input });
      // Only the last question's answer counts, however they arrive.
      if (asked === this.#asked) this.#show(tips, plan, words);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#root.hidden = true;
    }
  }

  #show(tips, plan, words) {
    const rows = plan.map((part) =>
      make("li", {}, make("span", { class: "tips__time" }, part.range), make("bdi", {}, part.title), make("span", { class: "optional" }, `${formatCount(part.words)} words`)),
    );
    this.#root.replaceChildren(
      ...tips.map((tip) => this.#makeTip(tip)),
      ...(rows.length ? [make("h2", { class: "small-heading" }, `The plan: ${formatCount(words)} words`), make("ol", { class: "tips__plan" }, ...rows)] : []),
    );
    this.#root.hidden = !this.#root.childElementCount;
  }

  #makeTip({ severity, message, field }) {
    const go = () => this.#fieldOf(`input.${field}`)?.querySelector("input, textarea, select, button")?.focus();
    return make("p", { class: "tip", "data-severity": severity, dir: "auto" }, make("button", { type: "button", class: "tip__go", onclick: go }, message));
  }
}
