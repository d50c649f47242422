// What comes after the text: the verified mark, new words, the choices; or what went wrong and the ways out.

import { runPath } from "./api.js";
import { Budget } from "./budget.js";
import { byId, formatCount, make } from "./elements.js";

const FILES = {
  epub: "Take the book (.epub)",
  docx: "Take it for Word (.docx)",
  srt: "Take the subtitles (.srt)",
  ssml: "Take it for a voice (.ssml)",
  segments: "Take it turn by turn (.json)",
  plain: "Take the words alone (.txt)",
};

export class Ending {
  #root = byId("ending");
  #foot = byId("sheet-foot");
  #actions;
  #budget = null;

  /** `actions`: `choose({choice_index} or {custom_user_input})`, `goOn(caps)`, `download()`, `startAfresh()`, `readAgain()`. */
  constructor(actions) {
    this.#actions = actions;
  }

  reset() {
    this.#root.replaceChildren();
    this.#foot.replaceChildren();
  }

  showComplete(data) {
    const find = (name) => data[name] ?? data.metadata?.[name];
    const words = find("vocabulary_words") ?? [];
    const choices = find("choices") ?? [];
    this.#root.replaceChildren(
      ...[
        words.length ? makeVocabulary(words) : null,
        choices.length ? this.#makeChoices(find("choice_question"), choices) : null,
        make(
          "div",
          { class: "ways" },
          this.#makeDownload("Take the text (.md)"),
          make("span", { class: "ways__files" }),
          this.#makeAfresh("Write something new"),
        ),
      ].filter(Boolean),
    );
  }

  /** Links to what the finished text can be had as, beside the Markdown that the page makes itself. */
  showExports(runId, names) {
    const others = names.filter((name) => name !== "md" && name !== "txt");
    this.#root.querySelector(".ways__files")?.replaceChildren(...others.map((name) => makeFile(runId, name)));
  }

  /** `verdict` is what `verifyText` gave. */
  showVerdict(verdict, data) {
    const text = verdict.hashed
      ? "Verified: you are reading the stored text, byte for byte"
      : "Compared: you are reading the stored text (its checksum needs a secure page)";
    const mark = verdict.same
      ? make("p", { class: "verified", "data-verdict": "same", title: data.sha256 ? `SHA-256 ${data.sha256}` : null }, text)
      : this.#makeMismatch();
    this.#foot.replaceChildren(make("p", { class: "sheet__end", "aria-hidden": "true" }, "❦"), mark);
  }

  #makeMismatch() {
    return make(
      "div",
      { class: "verified verified--not", "data-verdict": "different", role: "alert" },
      make("p", {}, "What this page shows is not exactly the stored text. Reading it again should put that right."),
      makeButton("Read it again from the start", () => this.#actions.readAgain()),
    );
  }

  /** `data` is that of the `error` message; `hasText` tells whether there is anything to take away. */
  showError(data, hasText) {
    const cancelled = data.code === "CANCELLED";
    this.#budget = data.code === "BUDGET_EXCEEDED" && data.resumable ? new Budget() : null;
    const panel = make(
      "section",
      { class: "trouble", "data-code": data.code, role: "alert" },
      make("h2", {}, cancelled ? "Stopped" : "The writing broke off"),
      make("p", { class: "trouble__message", dir: "auto" }, data.message || "The run ended with an error."),
      hasText ? make("p", { class: "trouble__kept" }, keptText(data.partial)) : null,
      this.#budget?.element,
      make("p", { class: "trouble__problem", role: "alert", hidden: true }),
      make(
        "div",
        { class: "ways" },
        data.resumable ? makeButton("Go on", () => this.#actions.goOn(this.#budget?.caps), "button--main") : null,
        hasText ? this.#makeDownload("Take the text so far") : null,
        this.#makeAfresh("Start afresh"),
      ),
      data.code && !cancelled ? make("p", { class: "trouble__code" }, data.code) : null,
    );
    this.#root.replaceChildren(panel);
  }

  /** What the run may spend so far and what the rest will cost (see `Budget.offer`). */
  offerBudget(options, quote) {
    this.#budget?.offer(options, quote);
  }

  /** An action of the panel was refused. */
  showProblem(problem) {
    const shown = this.#root.querySelector(".trouble__problem, .choices__problem");
    if (!shown) return;
    shown.textContent = problem.errors.map((error) => error.message).join(" ") || problem.message;
    shown.hidden = false;
  }

  setBusy(busy) {
    this.#root.querySelectorAll("button").forEach((button) => {
      button.disabled = busy;
    });
  }

  #makeDownload(label) {
    return makeButton(label, () => this.#actions.download());
  }

  #makeAfresh(label) {
    return makeButton(label, () => this.#actions.startAfresh());
  }

  #makeChoices(question, choices) {
    const own = make("input", { dir: "auto", "aria-label": "Your own idea", placeholder: "Or something else…", autocomplete: "off" });
    const tellOwn = (event) => {
      event.preventDefault();
      if (own.value.trim()) this.#actions.choose({ custom_user_input: own.value.trim() });
      else own.focus();
    };
    return make(
      "section",
      { class: "choices", "aria-labelledby": "choices-heading" },
      make("h2", { class: "choices__question", id: "choices-heading", dir: "auto" }, question || "What happens next?"),
      make("div", { class: "choices__cards", "data-count": choices.length }, ...choices.map((choice, index) => this.#makeCard(choice, index))),
      make("form", { class: "choices__own", onsubmit: tellOwn }, own, make("button", { class: "button", type: "submit" }, "Go on with this")),
      make("p", { class: "choices__problem form__problem", role: "alert", hidden: true }),
    );
  }

  #makeCard({ text, description }, index) {
    return make(
      "button",
      { type: "button", class: "card", dir: "auto", onclick: () => this.#actions.choose({ choice_index: index }) },
      make("span", { class: "card__text", dir: "auto" }, text),
      description ? make("span", { class: "card__description", dir: "auto" }, description) : null,
    );
  }
}

function makeFile(runId, name) {
  const href = runPath(runId, `/export?as=${encodeURIComponent(name)}`);
  return make("a", { class: "button", href, download: true }, FILES[name] ?? `Take it as ${name}`);
}

function makeButton(label, onclick, variant = "") {
  return make("button", { type: "button", class: `button ${variant}`.trim(), onclick }, label);
}

function keptText(partial) {
  const words = partial?.words;
  return typeof words === "number" && words > 0 ? `Written so far: ${formatCount(words)} words.` : "What was written so far is kept.";
}

function makeVocabulary(words) {
  return make(
    "section",
    { class: "vocabulary", "aria-labelledby": "vocabulary-heading" },
    make("h2", { class: "small-heading", id: "vocabulary-heading" }, "New words"),
    make(
      "dl",
      {},
      ...words.map(({ word, definition }) =>
        make("div", {}, make("dt", { dir: "auto" }, word), make("dd", { dir: "auto" }, definition)),
      ),
    ),
  );
}
