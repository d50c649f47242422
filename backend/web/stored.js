// A field that refers to something the service keeps, such as a persona: chosen from a list with descriptions, or made
// here, and kept if wanted.

import { call, callIfThere } from "./api.js";
import { newId } from "./controls.js";
import { make } from "./elements.js";
import { fillFields, readFields } from "./values.js";

const NONE = "";
const NEW = "\n";

const at = (thing, path) => path?.split(".").reduce((part, name) => part?.[name], thing);

/** `hint` is the format's `Stored`; `fields` are those of one that is made here, named below `inlinePath`. */
export function makeStored({ name, path, label, help, hint, inlinePath, fields }) {
  const group = newId("stored");
  const list = make("div", { class: "options" });
  const keep = make("input", { type: "checkbox" });
  const maker = make(
    "div",
    { class: "group options__new", "data-field": inlinePath, hidden: true },
    ...fields.map((field) => field.element),
    hint.create ? make("label", { class: "check" }, keep, make("span", {}, "Keep it for other times")) : null,
  );
  const element = make(
    "fieldset",
    { class: "field", "data-field": path },
    make("legend", {}, label, make("span", { class: "optional" }, "optional")),
    help ? make("p", { class: "field__hint" }, help) : null,
    list,
    fields.length ? maker : null,
  );
  let items = [];
  let chosen = NONE;

  function paint() {
    const known = items.map((item) => [String(at(item, hint.value)), at(item, hint.label), at(item, hint.description)]);
    if (chosen !== NONE && chosen !== NEW && !known.some(([value]) => value === chosen)) known.push([chosen, chosen, ""]);
    const options = [[NONE, "None", ""], ...known, ...(fields.length ? [[NEW, "A new one…", ""]] : [])];
    list.replaceChildren(...options.map(makeOption));
    maker.hidden = chosen !== NEW;
  }

  function makeOption([value, title, description]) {
    const button = make("input", { type: "radio", name: group, checked: value === chosen });
    button.addEventListener("change", () => {
      chosen = value;
      maker.hidden = chosen !== NEW;
      if (chosen === NEW) maker.querySelector("input, textarea")?.focus();
    });
    const words = make("span", { class: "options__title", dir: "auto" }, title);
    const more = description ? make("span", { class: "options__more", dir: "auto" }, description) : null;
    return make("label", { class: "options__option" }, button, make("span", {}, words, more));
  }

  async function learn() {
    const reply = await callIfThere(hint.path);
    items = at(reply, hint.items) ?? [];
    paint();
  }

  function readInto(values, problems) {
    if (chosen === NEW) {
      const made = readFields(fields, problems);
      if (Object.keys(made).length) values[hint.inline] = made;
    } else if (chosen !== NONE) values[name] = chosen;
  }

  function fillFrom(values) {
    const inline = hint.inline ? values[hint.inline] : undefined;
    fillFields(fields, inline);
    chosen = inline ? NEW : (values[name] ?? NONE);
    paint();
  }

  /** Keeps what was made here, before the run is started. Throws `Problem`, whose fields are named as the form's. */
  async function prepare() {
    if (chosen !== NEW || !keep.checked) return;
    const made = readFields(fields, []);
    try {
      const kept = await call("POST", hint.create, { body: { ...constantsOf(), ...made } });
      keep.checked = false;
      chosen = String(at(kept, hint.value));
      await learn();
    } catch (problem) {
      for (const error of problem.errors ?? []) error.field = `${inlinePath}.${error.field.split(".").pop()}`;
      throw problem;
    }
  }

  // What lists apart one kind from another (`?kind=audience`) belongs to a new one too.
  const constantsOf = () => Object.fromEntries([...new URLSearchParams(hint.path.split("?")[1] ?? "")].filter(([key]) => key === "kind"));

  paint();
  learn();
  return { names: [name, hint.inline].filter(Boolean), element, readInto, fillFrom, prepare };
}
