// The form that starts a story: reads it into a request, fills it from one, shows what is wrong beside the field.

import { Chips } from "./chips.js";
import { paintCover } from "./cover.js";
import { byId, make } from "./elements.js";
import { FieldErrors } from "./errors.js";
import { forgetForm, recallForm, rememberChild, rememberForm } from "./memory.js";

const SUGGESTIONS = ["space", "the deep sea", "a hidden forest", "dragons", "a castle with a secret", "animal rescue"];
const REQUIRED = { theme: "Say what the story is about.", name: "Whom is the story for?" };

export class StoryForm {
  #form = byId("story-form");
  #fields = this.#form.elements;
  #chips = new Chips(byId("interest-chips"), this.#fields.interests);
  #button = byId("write");
  #children = new Map();
  #errors = new FieldErrors(this.#form, byId("form-problem"), (path) => this.#fieldOf(path));

  /** `onSubmit(request)` starts the run; `onChange()` hears of every edit. */
  constructor(onSubmit, onChange) {
    this.#offerSuggestions();
    this.#form.addEventListener("input", (event) => {
      this.#errors.clearError(event.target.closest("[data-field]"));
      rememberForm("story", this.request);
      this.refresh();
      onChange();
    });
    this.#fields.child_id.addEventListener("change", () => {
      rememberChild(this.#fields.child_id.value);
      this.#showChild();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isFilled()) onSubmit(this.request);
    });
    this.refresh();
  }

  get model() {
    return this.#fields.model.value.trim();
  }

  /** The body of `POST /api/v1/runs`; what was left empty is left out. */
  get request() {
    const fields = this.#fields;
    const input = {
      ...(fields.child_id.value ? { child_id: fields.child_id.value } : { reader: this.#reader }),
      theme: fields.theme.value.trim(),
      chapter_number: Number(fields.chapter_number.value || 1),
    };
    if (fields.title.value.trim()) input.title = fields.title.value.trim();
    if (fields.custom_user_input.value.trim()) input.custom_user_input = fields.custom_user_input.value.trim();
    const options = {};
    if (this.model) options.model = this.model;
    if (fields.parallel.value) options.parallel = Number(fields.parallel.value);
    if (fields.budget_usd.value) options.budget_usd = Number(fields.budget_usd.value);
    if (fields.review_outline.checked) options.review_outline = true;
    return { format: "story", input, options };
  }

  get #reader() {
    const fields = this.#fields;
    return {
      name: fields.name.value.trim(),
      age: Number(fields.age.value),
      reading_level: fields.reading_level.value,
      language: fields.language.value,
      interests: this.#chips.values,
    };
  }

  /** Children of the account: who chooses one writes for it by its profile. */
  offerChildren(children, chosen) {
    this.#children = new Map(children.map((child) => [child.child_id, child]));
    const options = children.map(({ child_id: id, name, age }) => make("option", { value: id }, `${name}, ${age}`));
    this.#fields.child_id.replaceChildren(...options, make("option", { value: "" }, "Somebody else"));
    this.#fields.child_id.value = this.#children.has(chosen) ? chosen : (children[0]?.child_id ?? "");
    byId("child-chooser").hidden = children.length === 0;
    this.#showChild();
  }

  // The fields of the reader show the chosen child, and are its profile's: they are changed where that is.
  #showChild() {
    const child = this.#children.get(this.#fields.child_id.value);
    if (!child && this.#fields.name.disabled) {
      this.#fields.name.value = "";
      this.#chips.values = [];
    }
    for (const name of ["name", "age", "interests"]) this.#fields[name].disabled = Boolean(child);
    for (const name of ["reading_level", "language"]) {
      for (const choice of this.#fields[name]) choice.disabled = Boolean(child);
    }
    byId("interest-chips").toggleAttribute("inert", Boolean(child));
    if (child) {
      this.#fields.name.value = child.name;
      this.#fields.age.value = child.age;
      this.#fields.reading_level.value = child.reading_level;
      this.#fields.language.value = child.language;
      this.#chips.values = child.interests;
    }
    this.refresh();
  }

  fill({ input = {}, options = {} }) {
    const { reader = {} } = input;
    const values = { ...reader, ...input, ...options };
    for (const name of ["theme", "name", "age", "chapter_number", "title", "custom_user_input", "model", "parallel", "budget_usd"]) {
      this.#fields[name].value = values[name] ?? this.#fields[name].defaultValue;
    }
    for (const name of ["reading_level", "language"]) {
      if (values[name]) this.#fields[name].value = values[name];
    }
    this.#fields.review_outline.checked = Boolean(options.review_outline);
    this.#chips.values = reader.interests ?? [];
    if (this.#children.has(input.child_id)) this.#fields.child_id.value = input.child_id;
    else if (input.reader) this.#fields.child_id.value = "";
    this.#showChild();
  }

  /** What was typed before a reload, if it wasn't sent. */
  recall() {
    const typed = recallForm("story");
    if (typed) this.fill(typed);
    return typed !== null;
  }

  forget() {
    forgetForm("story");
  }

  setBusy(busy) {
    this.#button.disabled = busy;
    this.#button.textContent = busy ? "Starting…" : "Write the chapter";
  }

  showProblem(problem) {
    this.#errors.showProblem(problem);
  }

  clearProblem() {
    this.#errors.clear();
  }

  #isFilled() {
    this.clearProblem();
    const missing = Object.keys(REQUIRED).filter((name) => !this.#fields[name].value.trim());
    missing.forEach((name) => this.#errors.showError({ field: name, message: REQUIRED[name] }));
    this.#errors.focusFirst();
    return missing.length === 0;
  }

  // The service names fields by their path (`input.reader.age`, `interests.2`): the last name that is a field's.
  #fieldOf(path) {
    const names = path.split(/[.,/[\]]+/).filter(Boolean).reverse();
    for (const name of names) {
      const field = this.#form.querySelector(`[data-field="${CSS.escape(name)}"]`);
      if (field) return field;
    }
    return null;
  }

  #offerSuggestions() {
    const choose = (theme) => {
      this.#fields.theme.value = theme;
      this.#fields.theme.dispatchEvent(new Event("input", { bubbles: true }));
    };
    byId("suggestions").append(
      ...SUGGESTIONS.map((theme) =>
        make("button", { type: "button", class: "suggestion", onclick: () => choose(theme) }, theme),
      ),
    );
  }

  /** Paints the cover as the fields have it. */
  refresh() {
    byId("age-shown").textContent = this.#fields.age.value;
    const { value: name } = this.#fields.name;
    paintCover(byId("cover"), {
      title: this.#fields.title.value.trim(),
      theme: this.#fields.theme.value.trim() || "Once upon a time",
      chapter: Number(this.#fields.chapter_number.value || 1),
      reader: name.trim() && `for ${name.trim()}`,
    });
  }
}
