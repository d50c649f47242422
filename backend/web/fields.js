// Form fields from a JSON Schema: texts, numbers, choices, yes or no, lists of texts, and one level of groups.
// What is deeper than that is a field of JSON.

import { make } from "./elements.js";

const LONG_TEXT = 300;
const TEXT_ROWS = 4;

/**
 * The fields of an object's schema: `[{name, element, read(problems), fill(value)}, …]`. `read` gives undefined for what
 * is left out, and adds `{field, message}` to `problems` for what can't be read. `path` is how the service names
 * the object; `root` holds the definitions.
 */
export function makeFields(schema, root, path, nested = false) {
  // Where one of several will do, the first is what a person is asked for.
  const required = new Set([...(schema.required ?? []), ...(schema.anyOf?.[0]?.required ?? [])]);
  return Object.entries(schema.properties ?? {})
    .map(([name, property]) => [name, resolve(property, root)])
    .filter(([, property]) => property.const === undefined)
    .map(([name, property]) => makeField(name, property, root, `${path}.${name}`, required.has(name), nested));
}

/** What the fields hold together, as an object without what is left out. */
export function readFields(fields, problems) {
  const values = fields.map(({ name, read }) => [name, read(problems)]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

export function fillFields(fields, values = {}) {
  for (const { name, fill } of fields) fill(values?.[name]);
}

// References followed, “or null” taken off: what a person may give. The outer description and default count.
function resolve(schema, root) {
  const { $ref: reference, anyOf, allOf, ...outer } = schema;
  if (reference) {
    const found = reference.replace(/^#\//, "").split("/").reduce((part, name) => part?.[name], root);
    return { ...resolve(found ?? {}, root), ...outer };
  }
  if (allOf?.length === 1) return { ...resolve(allOf[0], root), ...outer };
  const kinds = (anyOf ?? []).filter((kind) => kind.type !== "null");
  if (kinds.length === 1) return { ...resolve(kinds[0], root), ...outer };
  const text = kinds.find((kind) => kind.type === "string");
  return text ? { ...text, ...outer, orJson: true } : schema;
}

function makeField(name, schema, root, path, required, nested) {
  if (schema.type === "object" && schema.properties && !nested) return makeGroup(name, schema, root, path, required);
  const { control, read, write } = controlOf(schema, root);
  control.id = path;
  control.name = path;
  const label = labelOf(name);
  const fallback = schema.default ?? undefined;
  const isCheck = control.type === "checkbox";
  const element = make(
    "div",
    { class: "field", "data-field": path },
    isCheck
      ? make("label", { class: "check", for: path }, control, make("span", {}, label))
      : make("label", { for: path }, label, required ? null : make("span", { class: "optional" }, "optional")),
    isCheck ? null : control,
    schema.description ? make("p", { class: "field__hint" }, schema.description) : null,
  );
  return {
    name,
    element,
    fill: (value) => write(value ?? fallback),
    read: (problems) => {
      try {
        const value = read();
        return !required && same(value, fallback) ? undefined : value;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        problems.push({ field: path, message: `This is not JSON: ${error.message}` });
        return undefined;
      }
    },
  };
}

function makeGroup(name, schema, root, path, required) {
  const fields = makeFields(schema, root, path, true);
  const element = make(
    "fieldset",
    { class: "group", "data-field": path },
    make("legend", {}, labelOf(name), required || schema.default ? null : make("span", { class: "optional" }, "optional")),
    ...fields.map((field) => field.element),
  );
  const read = (problems) => {
    const value = readFields(fields, problems);
    return required || Object.keys(value).length ? value : undefined;
  };
  return { name, element, read, fill: (value) => fillFields(fields, value) };
}

/** `{control, read, write}`; `read` throws SyntaxError for what isn't JSON and should be. */
function controlOf(schema, root) {
  if (schema.enum) return makeChoice(schema.enum);
  if (schema.type === "boolean") return makeCheck();
  if (schema.type === "integer" || schema.type === "number") return makeNumber(schema);
  if (schema.type === "string") return schema.orJson ? makeTextOrJson() : makeText(schema);
  if (schema.type === "array" && resolve(schema.items ?? {}, root).type === "string") return makeLines();
  return makeJson();
}

function makeChoice(values) {
  const control = make("select", {}, ...values.map((value) => make("option", { value }, wordsOf(value))));
  const none = make("option", { value: "" }, "—");
  return {
    control,
    read: () => values.find((value) => String(value) === control.value),
    write: (value) => {
      if (value === undefined) control.prepend(none);
      else none.remove();
      control.value = value === undefined ? "" : String(value);
    },
  };
}

function makeCheck() {
  const control = make("input", { type: "checkbox" });
  return { control, read: () => control.checked, write: (value) => (control.checked = Boolean(value)) };
}

function makeNumber({ type, minimum, maximum }) {
  const whole = type === "integer";
  const control = make("input", { type: "number", inputmode: whole ? "numeric" : "decimal", min: minimum, max: maximum, step: whole ? 1 : "any" });
  return {
    control,
    read: () => (control.value === "" ? undefined : Number(control.value)),
    write: (value) => (control.value = value ?? ""),
  };
}

function makeText({ maxLength = Infinity, pattern }) {
  const long = maxLength > LONG_TEXT && !pattern;
  const control = long ? make("textarea", { dir: "auto", rows: TEXT_ROWS }) : make("input", { dir: "auto", autocomplete: "off" });
  return { control, read: () => control.value.trim() || undefined, write: (value) => (control.value = value ?? "") };
}

function makeLines() {
  const control = make("textarea", { dir: "auto", rows: TEXT_ROWS, placeholder: "One a line" });
  const read = () => {
    const lines = control.value.split("\n").map((line) => line.trim()).filter(Boolean);
    return lines.length ? lines : undefined;
  };
  return { control, read, write: (value) => (control.value = (value ?? []).join("\n")) };
}

function makeJson() {
  const control = make("textarea", { class: "json", dir: "ltr", rows: TEXT_ROWS, spellcheck: "false", placeholder: "JSON" });
  const write = (value) => {
    control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
    control.rows = Math.min(16, Math.max(TEXT_ROWS, control.value.split("\n").length));
  };
  return { control, write, read: () => (control.value.trim() ? JSON.parse(control.value) : undefined) };
}

// A text, unless it begins as an object or a list does.
function makeTextOrJson() {
  const { control, read, write } = makeJson();
  control.dir = "auto";
  control.placeholder = "";
  return {
    control,
    read: () => (/^\s*[[{]/.test(control.value) ? read() : control.value.trim() || undefined),
    write: (value) => (typeof value === "string" ? (control.value = value) : write(value)),
  };
}

const wordsOf = (value) => String(value).replaceAll("_", " ");

function labelOf(name) {
  const words = wordsOf(name).replace(/\bid\b/, "ID").replace(/\busd\b/, "in US dollars");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
