// A field that refers to something the service keeps, such as a persona: chosen from a list, or made here, and kept if wanted.
// A document is dropped or picked as well.

import { asProblem, call, callIfThere } from "./api.js";
import { fillFields, newId, readFields } from "./controls.js";
import { countOf, make } from "./elements.js";

const NONE = "";
const NEW = "\n";

const at = (thing, path) => path?.split(".").reduce((part, name) => part?.[name], thing);

/** `hint` is the format's `StoredChoice`; `fields` are of one that is made here; `look` is what differs by kind. */
export function makeStored({ name, path, label, help, hint, inlinePath, fields }, look = {}) {
	const { begins = NONE, makes = "A new one…", none = "None", describe = (item) => at(item, hint.description), parts = [], onChoose } = look;
	const group = newId("stored");
	const list = make("div.options");
	const keep = make("input", { type: "checkbox" });
	const keeps = hint.create && none !== null;
	const maker = make(
		"div.group.options__new",
		{ "data-field": inlinePath, hidden: true },
		...fields.map((field) => field.element),
		keeps ? make("label.check", {}, keep, make("span", {}, "Keep it for other times")) : null,
	);
	const element = make(
		"fieldset.field",
		{ "data-field": path },
		make("legend", {}, label, none === null ? null : make("span.optional", {}, "optional")),
		help ? make("p.field__hint", {}, help) : null,
		...parts,
		list,
		fields.length ? maker : null,
	);
	let items = [];
	let chosen = begins;

	function paint() {
		const known = items.map((item) => [String(at(item, hint.value)), at(item, hint.label), describe(item)]);
		if (chosen !== NONE && chosen !== NEW && !known.some(([value]) => value === chosen)) known.push([chosen, chosen, ""]);
		const before = none === null ? [] : [[NONE, none, ""]];
		list.replaceChildren(...[...before, ...known, ...(fields.length ? [[NEW, makes, ""]] : [])].map(makeOption));
		show();
	}

	function show() {
		maker.hidden = chosen !== NEW;
		onChoose?.(items.find((item) => String(at(item, hint.value)) === chosen));
	}

	function makeOption([value, title, description]) {
		const onchange = () => {
			chosen = value;
			show();
			if (chosen === NEW) maker.querySelector("input, textarea")?.focus();
		};
		const button = make("input", { type: "radio", name: group, checked: value === chosen, onchange });
		const words = make("span.options__title", { dir: "auto" }, title);
		const more = description ? make("span.options__more", { dir: "auto" }, description) : null;
		return make("label.options__option", {}, button, make("span", {}, words, more));
	}

	/** Asks anew what there is. */
	async function learn() {
		items = at(await callIfThere(hint.path), hint.items) ?? [];
		paint();
	}

	function choose(value) {
		chosen = value;
		return learn();
	}

	function readInto(values, problems) {
		if (chosen === NEW) {
			const made = readFields(fields, problems);
			if (Object.keys(made).length || none === null) values[hint.inline] = made;
		} else if (chosen !== NONE) values[name] = chosen;
	}

	function fillFrom(values) {
		const inline = hint.inline ? values[hint.inline] : undefined;
		fillFields(fields, inline);
		chosen = inline ? NEW : (values[name] ?? begins);
		paint();
	}

	/** Keeps what was made here, before the run is started. Throws `Problem`, whose fields are named as the form's. */
	async function prepare() {
		if (chosen !== NEW || !keep.checked) return;
		const made = readFields(fields, []);
		try {
			const kept = await call("POST", hint.create, { body: { ...constantsOf(), ...made } });
			keep.checked = false;
			await choose(String(at(kept, hint.value)));
		} catch (problem) {
			for (const error of problem.errors ?? []) error.field = `${inlinePath}.${error.field.split(".").pop()}`;
			throw problem;
		}
	}

	// What lists apart one kind from another (`?kind=audience`) belongs to a new one too.
	const constantsOf = () => Object.fromEntries([...new URLSearchParams(hint.path.split("?")[1] ?? "")].filter(([key]) => key === "kind"));

	paint();
	learn();
	return { names: [name, hint.inline].filter(Boolean), element, readInto, fillFrom, prepare, choose };
}

/** As `makeStored`, for one of those uploaded, a file, or a text that is typed in. */
export function makeDocument(given) {
	const picker = make("input", { type: "file", class: "unseen", id: newId("file"), accept: ".md,.txt,.pdf,.docx,text/*", onchange: () => send(picker.files[0]) });
	const drop = make(
		"div.drop",
		{},
		make("p", {}, "Drop a file here: Markdown, text, PDF or Word"),
		picker,
		make("label.button", { for: picker.id }, "Choose a file"),
	);
	const said = make("p.drop__said", { role: "status" });
	const warnings = make("div");
	const onChoose = (document) => warnings.replaceChildren(...(document?.warnings ?? []).map(makeWarning));
	const field = makeStored(given, { begins: NEW, makes: "A text that I type in", none: null, describe: aboutOf, parts: [drop, said], onChoose });
	field.element.lastElementChild.before(warnings);

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
			const { id, title, words } = await call("POST", given.hint.create, { body });
			said.textContent = `${title}: ${countOf(words, "word")} were read.`;
			await field.choose(id);
		} catch (problem) {
			said.textContent = asProblem(problem).message;
		}
		picker.value = "";
	}

	return field;
}

function aboutOf({ words, language, warnings }) {
	return [countOf(words, "word"), language, warnings.length && countOf(warnings.length, "warning")].filter(Boolean).join(" · ");
}

function makeWarning({ message, kind, paragraph, quote }) {
	const place = paragraph ? `Paragraph ${paragraph}: ` : "";
	return make("p.warning", { dir: "auto" }, place, message || kind, quote ? make("q", {}, quote) : null);
}
