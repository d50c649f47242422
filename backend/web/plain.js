// The form of every format but stories: made from the format's own schema, filled in with its worked example.

import { byId } from "./elements.js";
import { FieldErrors } from "./errors.js";
import { fillFields, makeFields, readFields } from "./fields.js";

export class PlainForm {
  #form = byId("plain-form");
  #errors = new FieldErrors(this.#form, byId("plain-problem"), (path) => this.#fieldOf(path));
  #button = byId("plain-write");
  #format = null;
  #input = [];
  #options = [];

  /** `onSubmit(request)` starts the run; `onChange()` hears of every edit. */
  constructor(onSubmit, onChange) {
    this.#form.addEventListener("input", (event) => {
      this.#clearErrorsAround(event.target);
      onChange();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const request = this.#read();
      if (request) onSubmit(request);
    });
  }

  get model() {
    return byId("options.model")?.value.trim() ?? "";
  }

  /** Makes the fields of a format (an entry of `GET /api/v1/formats`), filled in with its example. */
  show(format) {
    this.#errors.clear();
    this.#format = format;
    this.#input = makeFields(format.input_schema, format.input_schema, "input");
    this.#options = makeFields(format.options_schema, format.options_schema, "options");
    byId("plain-fields").replaceChildren(...this.#input.map((field) => field.element));
    byId("plain-options").replaceChildren(...this.#options.map((field) => field.element));
    byId("options.model")?.setAttribute("list", "models");
    this.fill({ input: format.example });
  }

  fill({ input, options }) {
    fillFields(this.#input, input);
    fillFields(this.#options, options);
  }

  setBusy(busy) {
    this.#button.disabled = busy;
    this.#button.textContent = busy ? "Starting…" : "Write it";
  }

  showProblem(problem) {
    this.#errors.showProblem(problem);
  }

  clearProblem() {
    this.#errors.clear();
  }

  // The body of `POST /api/v1/runs`, or null where a field can't be read.
  #read() {
    this.#errors.clear();
    const problems = [];
    const input = readFields(this.#input, problems);
    const options = readFields(this.#options, problems);
    problems.forEach((problem) => this.#errors.showError(problem));
    if (this.#errors.focusFirst()) return null;
    return { format: this.#format.name, input, options };
  }

  // The field itself, or the one that holds it (`input.key_points.0.text` is in `input.key_points`).
  #fieldOf(path) {
    const names = path.split(".");
    for (let length = names.length; length > 1; length -= 1) {
      const field = this.#form.querySelector(`[data-field="${CSS.escape(names.slice(0, length).join("."))}"]`);
      if (field) return field;
    }
    return null;
  }

  #clearErrorsAround(control) {
    for (let field = control.closest("[data-field]"); field; field = field.parentElement.closest("[data-field]")) {
      this.#errors.clearError(field);
    }
  }
}
