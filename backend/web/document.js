// A field for a document: one of those uploaded, one dropped or picked here, or a text that is typed in.

import { call, Problem } from "./api.js";
import { newId } from "./controls.js";
import { countOf, make } from "./elements.js";
import { makeStored } from "./stored.js";

const TYPED = "\n";

/** As `makeStored`, whose new ones are files too. */
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
	const field = makeStored(given, { begins: TYPED, makes: "A text that I type in", none: null, describe: aboutOf, parts: [drop, said], onChoose });
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
			if (!(problem instanceof Problem)) throw problem;
			said.textContent = problem.message;
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
