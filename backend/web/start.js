// The start page: what can be written, and the form for it.

import { paintCover } from "./cover.js";
import { byId, make } from "./elements.js";
import { StoryForm } from "./form.js";
import { PlainForm } from "./plain.js";

const STORY = "story";

export class Start {
  #story;
  #plain;
  #chooser = byId("format");
  #formats = [];
  /** A request of a format that isn't known yet. */
  #waiting = null;

  /** `onSubmit(request)` starts the run; `onChange()` hears of every edit. */
  constructor(onSubmit, onChange) {
    this.#story = new StoryForm(onSubmit, onChange);
    this.#plain = new PlainForm(onSubmit, onChange);
    this.#chooser.addEventListener("change", () => {
      this.#choose(this.#chooser.value);
      onChange();
    });
  }

  /** What the service can write: the entries of `GET /api/v1/formats`. With stories alone there is nothing to choose. */
  offer(formats) {
    this.#formats = formats;
    const known = [...formats].sort((one, other) => Number(other.name === STORY) - Number(one.name === STORY));
    this.#chooser.replaceChildren(...known.map(({ name, title }) => make("option", { value: name }, title)));
    byId("chooser").hidden = !formats.some(({ name }) => name !== STORY);
    if (this.#waiting) this.fill(this.#waiting);
    else if (known.length) this.#choose(known[0].name);
  }

  /** How a format wants its text shown. */
  readingOf(format) {
    return this.#formats.find(({ name }) => name === format)?.presentation?.reading ?? {};
  }

  /** The names that a format's text can be taken away as. */
  exportsOf(format) {
    return this.#formats.find(({ name }) => name === format)?.exports ?? [];
  }

  /** Whether a story was being asked for when the page was left. */
  recallStory() {
    return this.#story.recall();
  }

  get model() {
    return this.#form.model;
  }

  fill(request) {
    const format = request.format ?? STORY;
    if (format === STORY) {
      this.#choose(STORY);
      this.#story.fill(request);
      return;
    }
    const known = this.#formats.some(({ name }) => name === format);
    this.#waiting = known ? null : request;
    if (!known) return;
    this.#choose(format);
    this.#plain.fill(request);
  }

  /** The children that stories can be written for, and the one that was chosen last. */
  offerChildren(children, chosen) {
    this.#story.offerChildren(children, chosen);
  }

  setBusy(busy) {
    this.#chooser.disabled = busy;
    this.#form.setBusy(busy);
  }

  showProblem(problem) {
    this.#form.showProblem(problem);
  }

  clearProblem() {
    this.#form.clearProblem();
  }

  /** The run was started: what was typed needn't outlive a reload. */
  forget() {
    this.#form.forget();
  }

  get #form() {
    return byId("story-form").hidden ? this.#plain : this.#story;
  }

  #choose(name) {
    const format = this.#formats.find((known) => known.name === name);
    const isStory = name === STORY || !format;
    this.#waiting = null;
    this.#chooser.value = name;
    byId("story-words").hidden = !isStory;
    byId("plain-words").hidden = isStory;
    byId("story-form").hidden = !isStory;
    byId("plain-form").hidden = isStory;
    if (isStory) {
      byId("start").setAttribute("aria-labelledby", "start-heading");
      this.#story.refresh();
      return;
    }
    byId("start").setAttribute("aria-labelledby", "plain-heading");
    paintCover(byId("cover"), { title: format.title });
    this.#plain.show(format);
  }
}
