// A run that used up what it may spend: how much it may spend from now on, all in all.

import { formatCount, formatDollars, make } from "./elements.js";

const CENTS = 100;

export class Budget {
  #dollars = makeNumber("any");
  #tokens = makeNumber("1");
  #words = make("p", { class: "field__hint" }, "What was spent already counts too.");
  #more = make("label", { class: "field", hidden: true }, make("span", {}, "Tokens that may be written"), this.#tokens);

  element = make(
    "div",
    { class: "budget" },
    make("label", { class: "field" }, make("span", {}, "New budget in US dollars"), this.#dollars),
    this.#more,
    this.#words,
  );

  /** `options` are the run's; `quote` is what the service guesses for the rest, or null. */
  offer(options, quote) {
    const { budget_usd: budget, max_output_tokens: tokens } = options ?? {};
    const { spent_usd: spent, cost_usd_low: low, cost_usd_high: high, output_tokens: left } = quote ?? {};
    this.#more.hidden = !tokens;
    if (tokens && !this.#tokens.value) this.#tokens.value = left ? tokens + 2 * left : 2 * tokens;
    if (budget && !this.#dollars.value) this.#dollars.value = roundUp(Math.max(2 * budget, (spent ?? 0) + 2 * (high ?? 0)));
    if (typeof high !== "number") return;
    const parts = quote.sections_left?.length ?? 0;
    this.#words.textContent =
      `${formatDollars(spent ?? 0)} is spent. The rest (${formatCount(parts)} part${parts === 1 ? "" : "s"}) takes about ` +
      `${formatDollars(low)} to ${formatDollars(high)} more. What was spent already counts too.`;
  }

  /** The body of a resume. */
  get caps() {
    const caps = {};
    if (this.#dollars.value) caps.budget_usd = Number(this.#dollars.value);
    if (this.#tokens.value) caps.max_output_tokens = Number(this.#tokens.value);
    return caps;
  }
}

function makeNumber(step) {
  return make("input", { type: "number", inputmode: "decimal", min: "0", step });
}

const roundUp = (dollars) => (dollars < 1 ? Number(dollars.toPrecision(2)) : Math.ceil(dollars * CENTS) / CENTS);
