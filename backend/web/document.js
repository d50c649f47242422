// A field for a document: one of those uploaded, one dropped or picked here, or a text that is typed in.

import { callIfThere, Problem } from "./api.js";
import { newId } from "./controls.js";
import { formatCount, make } from "./elements.js";
import { fillFields, readFields } from "./values.js";

const TYPED = "\n";

/** `hint` is the format's `Stored`; `fields` are those of a document that is typed in, named below `inlinePath`. */
export function makeDocument({ name, path, label, help, hint, inlinePath, fields }) {
  const group = newId("document");
  const list = make("div", { class: "options" });
  const picker = make("input", { type: "file", class: "unseen", id: newId("file"), accept: ".md,.txt,.pdf,.docx,text/*", onchange: () => send(picker.files[0]) });
  const drop = make(
    "div",
    { class: "drop" },
    make("p", {}, "Drop a file here: Markdown, text, PDF or Word"),
    picker,
    make("label", { class: "button", for: picker.id }, "Choose a file"),
  );
  const said = make("p", { class: "drop__said", role: "status" });
  const typed = make("div", { class: "group options__new", "data-field": inlinePath }, ...fields.map((field) => field.element));
  const warnings = make("div", { class: "drop__warnings" });
  const element = make("fieldset", { class: "field", "data-field": path }, make("legend", {}, label), help ? make("p", { class: "field__hint" }, help) : null, drop, said, list, warnings, typed);
  let documents = [];
  let chosen = TYPED;

  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => hover(event, true));
  drop.addEventListener("dragleave", (event) => hover(event, false));
  drop.addEventListener("drop", (event) => {
    hover(event, false);
    send(event.dataTransfer.files[0]);
  });

  function hover(event, over) {
    event.preventDefault();
    drop.classList.toggle("drop--over", over);
  }

  async function send(file) {
    if (!file) return;
    said.textContent = `Reading ${file.name}…`;
    const body = new FormData();
    body.append("file", file);
    try {
      const reply = await fetch(hint.create, { method: "POST", body, headers: { Accept: "application/json" } });
      const content = await reply.json().catch(() => ({}));
      if (!reply.ok) throw new Problem(reply.status, content);
      chosen = content.id;
      said.textContent = `${content.title}: ${formatCount(content.words)} words were read.`;
      await learn();
    } catch (problem) {
      said.textContent = problem instanceof Problem ? problem.message : "The file couldn’t be sent. Check that the service is running.";
    }
    picker.value = "";
  }

  async function learn() {
    documents = (await callIfThere(hint.path))?.[hint.items] ?? [];
    paint();
  }

  function paint() {
    const known = documents.map((found) => [found.id, found.title, aboutOf(found)]);
    if (chosen !== TYPED && !known.some(([value]) => value === chosen)) known.push([chosen, chosen, ""]);
    list.replaceChildren(...[...known, [TYPED, "A text that I type in", ""]].map(makeOption));
    show();
  }

  function show() {
    typed.hidden = chosen !== TYPED;
    const found = documents.find(({ id }) => id === chosen);
    warnings.replaceChildren(...(found?.warnings ?? []).map(makeWarning));
  }

  function makeOption([value, title, about]) {
    const button = make("input", { type: "radio", name: group, checked: value === chosen });
    button.addEventListener("change", () => {
      chosen = value;
      show();
    });
    return make(
      "label",
      { class: "options__option" },
      button,
      make("span", {}, make("span", { class: "options__title", dir: "auto" }, title), about ? make("span", { class: "options__more" }, about) : null),
    );
  }

  function readInto(values, problems) {
    if (chosen === TYPED) values[hint.inline] = readFields(fields, problems);
    else values[name] = chosen;
  }

  function fillFrom(values) {
    fillFields(fields, values[hint.inline]);
    chosen = values[name] ?? TYPED;
    paint();
  }

  paint();
  learn();
  return { names: [name, hint.inline], element, readInto, fillFrom };
}

function aboutOf({ words, language, warnings }) {
  const marks = warnings.length ? `${warnings.length} warning${warnings.length === 1 ? "" : "s"}` : "";
  return [`${formatCount(words)} words`, language, marks].filter(Boolean).join(" · ");
}

function makeWarning({ message, kind, paragraph, quote }) {
  const place = paragraph ? `Paragraph ${paragraph}: ` : "";
  return make("p", { class: "warning", dir: "auto" }, place, message || kind, quote ? make("q", {}, quote) : null);
}
