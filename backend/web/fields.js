// Form fields from a JSON Schema and hints: each `{names, element, readInto(values, problems), fillFrom(values), prepare?()}`.
// Most hold one name's value; one that refers to something kept holds two.

import { makeCards } from "./cards.js";
import { fillFields, makeControl, readFields } from "./controls.js";
import { make } from "./elements.js";
import { makeDocument, makeStored } from "./stored.js";

/** What the fields of a form share: the definitions of its schema, and the hints by path. */
export class Shape {
	/** `root` is the whole schema; `prefix` is how the service names it, such as `input`. */
	constructor(root, prefix, hints = {}) {
		this.root = root;
		this.prefix = prefix;
		this.hints = hints;
	}

	hint(path) {
		const name = path.slice(this.prefix.length + 1).replace(/\.\d+(?=\.|$)/g, "[]");
		return this.hints[name] ?? {};
	}

	/** References followed, “or null” taken off: what a person may give. The outer description and default count. */
	resolve(schema) {
		const { $ref: reference, anyOf, allOf, ...outer } = schema;
		if (reference) {
			const found = reference.replace(/^#\//, "").split("/").reduce((part, name) => part?.[name], this.root);
			return { ...this.resolve(found ?? {}), ...outer };
		}
		if (allOf?.length === 1) return { ...this.resolve(allOf[0]), ...outer };
		const kinds = (anyOf ?? []).filter((kind) => kind.type !== "null");
		if (kinds.length === 1) return { ...this.resolve(kinds[0]), ...outer };
		const text = kinds.find((kind) => kind.type === "string");
		if (text) return { ...text, ...outer, orJson: true };
		return schema.type === "array" && schema.items ? { ...schema, items: this.resolve(schema.items) } : schema;
	}
}

/** The fields of an object's schema, in its order. `path` is how the service names the object. */
export function makeFields(schema, shape, path) {
	// Where one of several will do, the first is what a person is asked for.
	const required = new Set([...(schema.required ?? []), ...(schema.anyOf?.[0]?.required ?? [])]);
	const inline = new Set(Object.keys(schema.properties ?? {}).map((name) => shape.hint(`${path}.${name}`).stored?.inline).filter(Boolean));
	return Object.entries(schema.properties ?? {})
		.filter(([name]) => !inline.has(name))
		.map(([name, property]) => [name, shape.resolve(property)])
		.filter(([, property]) => property.const === undefined)
		.map(([name, property]) => makeField(name, property, shape, `${path}.${name}`, required.has(name), schema));
}

function makeField(name, schema, shape, path, required, parent) {
	const hint = shape.hint(path);
	if (hint.stored) {
		const { inline } = hint.stored;
		const inner = inline ? shape.resolve(parent.properties[inline]) : null;
		const inlinePath = inline ? path.replace(/[^.]+$/, inline) : null;
		const fields = inner ? makeFields(inner, shape, inlinePath) : [];
		const make_ = hint.widget === "document" ? makeDocument : makeStored;
		return make_({ name, path, label: hint.label ?? labelOf(name), help: helpOf(hint, schema), hint: hint.stored, inlinePath, fields });
	}
	if (schema.type === "object" && schema.properties) return makeGroup(name, schema, shape, path, required);
	const isCards = schema.type === "array" && schema.items?.type === "object" && schema.items.properties;
	if (isCards && (hint.widget ?? "cards") === "cards") {
		const title = labelTag("legend", hint.label ?? labelOf(name), required || schema.minItems > 0);
		const makeItem = (itemPath) => makeFields(schema.items, shape, itemPath);
		return makeCards({ name, path, title, schema, makeItem, help: helpOf(hint, schema) });
	}
	return makeSimple(name, schema, hint, path, required);
}

function makeSimple(name, schema, hint, path, required) {
	const { element: shown, control, read, write } = makeControl(schema, hint);
	const label = hint.label ?? labelOf(name);
	const fallback = schema.default ?? undefined;
	if (control) control.id = path;
	const isCheck = control?.type === "checkbox";
	// What has a default is filled in already: to call it optional would only be noise.
	const settled = required || (fallback != null);
	const titled = control ? labelTag("label", label, settled, { for: path }) : labelTag("legend", label, settled);
	const help = helpOf(hint, schema);
	const element = make(
		control ? "div" : "fieldset",
		{ class: "field", "data-field": path },
		isCheck ? make("label.check", { for: path }, control, make("span", {}, label)) : titled,
		isCheck ? null : shown,
		help ? make("p.field__hint", {}, help) : null,
	);
	const given = (problems) => {
		try {
			const value = read();
			return !required && same(value, fallback) ? undefined : value;
		} catch (error) {
			if (!(error instanceof SyntaxError)) throw error;
			problems.push({ field: path, message: `This is not JSON: ${error.message}` });
			return undefined;
		}
	};
	const readInto = (values, problems) => {
		const value = given(problems);
		if (value !== undefined) values[name] = value;
	};
	return { names: [name], element, readInto, fillFrom: (values) => write(values[name] ?? fallback) };
}

function makeGroup(name, schema, shape, path, required) {
	const fields = makeFields(schema, shape, path);
	const label = shape.hint(path).label ?? labelOf(name);
	const element = make(
		label ? "fieldset" : "div",
		{ class: label ? "group" : "form__fields", "data-field": path },
		label ? labelTag("legend", label, required || schema.default) : null,
		...fields.map((field) => field.element),
	);
	const readInto = (values, problems) => {
		const value = readFields(fields, problems);
		if (required || Object.keys(value).length) values[name] = value;
	};
	return { names: [name], element, readInto, fillFrom: (values) => fillFields(fields, values[name]), fields };
}

const helpOf = (hint, schema) => hint.help ?? schema.description ?? "";

function labelTag(tag, label, required, attributes = {}) {
	return make(tag, attributes, label, required ? null : make("span.optional", {}, "optional"));
}

function labelOf(name) {
	const words = name.replaceAll("_", " ").replace(/\bid\b/, "ID").replace(/\busd\b/, "in US dollars");
	return words.charAt(0).toUpperCase() + words.slice(1);
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
