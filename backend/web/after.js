// What is done with a finished text: sections copied, edited or written again, versions, a link for others.

import { call, callIfThere, runPath } from "./api.js";
import { attempt, byId, countOf, formatCount, make, makeButton, makeProblem } from "./elements.js";
import { recallEdits, rememberEdits } from "./memory.js";

export class After {
	#root = byId("after");
	#run = null;
	#edits = {};
	#actions;

	/**
	 * `actions`: `open(run)` shows a run that was started here, `read(section)` reads aloud (null where nothing can),
	 * `reword(section, text, isOwn)` shows another wording, `entitle(title)` the name that it was given.
	 */
	constructor(actions) {
		this.#actions = actions;
	}

	reset() {
		this.#run = null;
		this.#edits = {};
		this.#root.replaceChildren();
	}

	/** The run is complete: `{id, reader, titles}`. */
	async show(run) {
		this.#run = run;
		this.#edits = recallEdits(run.id) ?? {};
		const [versions, share] = await Promise.all([callIfThere(runPath(run.id, "/versions")), callIfThere(runPath(run.id, "/share"))]);
		if (this.#run !== run) return;
		const title = versions?.versions.find(({ run_id: id }) => id === run.id)?.title;
		if (title) this.#actions.entitle(title);
		this.#root.replaceChildren(
			...[versions && this.#makeVersions(versions.versions), share && this.#makeShare(share)].filter(Boolean),
		);
	}

	/** Wordings of the reader's own, `{section: text}`: for copies and files. */
	get edits() {
		return this.#edits;
	}

	/** `[[section, text], …]` with the reader's own wordings. */
	sections() {
		return this.#run.reader.sections().map(([section, text]) => [section, this.#edits[section] ?? text]);
	}

	/** The buttons of one section. */
	makeTools(section) {
		if (this.#edits[section] !== undefined) this.#actions.reword(section, this.#edits[section], true);
		const panel = make("div.wish", { hidden: true });
		const toggle = (opener, makeForm) => {
			const opens = opener.getAttribute("aria-expanded") === "false";
			for (const each of openers) each.ariaExpanded = opens && each === opener;
			panel.hidden = !opens;
			if (!opens) return;
			const close = () => {
				toggle(opener);
				opener.made = null;
				opener.focus();
			};
			panel.replaceChildren((opener.made ??= makeForm(close)));
			panel.querySelector("textarea").focus();
		};
		const makeOpener = (label, makeForm) => makeButton(label, ({ target }) => toggle(target, makeForm), "tool", { "aria-expanded": "false" });
		const openers = [
			makeOpener("Edit…", (close) => this.#makeEdit(section, close)),
			makeOpener("Write again…", () => this.#makeWish(section)),
		];
		return make(
			"div.section__tools",
			{ dir: "ltr" },
			makeButton("Copy", (event) => copy(new Map(this.sections()).get(section) ?? "", event.target), "tool"),
			this.#actions.read ? makeButton("Read aloud", () => this.#actions.read(section), "tool") : null,
			...openers,
			panel,
		);
	}

	#makeEdit(section, close) {
		const area = make("textarea", { rows: 12, dir: "auto", required: true });
		area.value = new Map(this.sections()).get(section) ?? "";
		const keep = (text) => {
			if (text === null) delete this.#edits[section];
			else this.#edits[section] = text;
			rememberEdits(this.#run.id, this.#edits);
			this.#actions.reword(section, text ?? new Map(this.#run.reader.sections()).get(section), text !== null);
			close();
		};
		const send = (event) => {
			event.preventDefault();
			keep(area.value);
		};
		return make(
			"form.field",
			{ onsubmit: send },
			make("label", {}, "Your wording", area),
			make("p.field__hint", {}, "For copies, files and print, in this browser. The text as it was written stays as it is."),
			make("button.button.button--main", {}, "Keep this wording"),
			this.#edits[section] === undefined ? null : makeButton("Back to the text as it was written", () => keep(null)),
		);
	}

	#makeWish(section) {
		const area = make("textarea", { rows: 2, dir: "auto", maxlength: 2000, placeholder: "Shorter, and with more rain." });
		const problem = makeProblem();
		const send = async (event) => {
			event.preventDefault();
			const body = { section, ...(area.value.trim() ? { feedback: area.value.trim() } : {}) };
			await attempt(problem, async () => this.#actions.open(await call("POST", runPath(this.#run.id, "/versions"), { body })));
		};
		return make(
			"form.field",
			{ onsubmit: send },
			make("label", {}, "What should be different?", area),
			make("button.button.button--main", {}, "Write this section again"),
			problem,
		);
	}

	#makeVersions(versions) {
		if (versions.length < 2) return null;
		const here = versions.find(({ run_id: id }) => id === this.#run.id);
		const changes = make("div.changes");
		const problem = makeProblem();
		const compare = () => attempt(problem, async () => changes.replaceChildren(...makeChanges(await call("GET", runPath(this.#run.id, "/diff")))));
		return makePart(
			"versions",
			"Versions",
			make("ol.versions", {}, ...versions.map((version) => makeVersion(version, version === here))),
			here?.parent_run_id ? makeButton("Show what changed", compare) : null,
			problem,
			changes,
		);
	}

	#makeShare(share) {
		const said = make("div.share", { role: "status" });
		const problem = makeProblem();
		const path = runPath(this.#run.id, "/share");
		const paint = (state) => {
			const link = state.url ? new URL(`.${state.url}`, document.baseURI).href : null;
			const shown = link ? make("input", { readonly: true, value: link, "aria-label": "The link", onfocus: (event) => event.target.select() }) : null;
			said.replaceChildren(
				...[
					make("p", {}, state.shared ? `Anybody with the link can read this${until(state.expires_at)}.` : "Nobody else can read this."),
					shown,
					link ? makeButton("Copy the link", (event) => copy(link, event.target)) : null,
					makeButton(state.shared ? "Make a new link" : "Make a link", create),
					state.shared ? makeButton("Revoke the link", revoke) : null,
				].filter(Boolean),
			);
		};
		const create = () => attempt(problem, async () => paint(await call("POST", path)));
		const revoke = () => attempt(problem, async () => paint((await call("DELETE", path)) ?? { shared: false }));
		paint(share);
		return makePart("share", "Share", said, problem);
	}
}

const makePart = (name, title, ...content) =>
	make(
		"section.after__part",
		{ "aria-labelledby": `${name}-heading` },
		make("h2.small-heading", { id: `${name}-heading` }, title),
		...content,
	);

/** Copies the text, and says so on the button for a moment. */
export async function copy(text, button) {
	const label = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	} catch {
		button.textContent = "Copying isn’t allowed here";
	}
	setTimeout(() => (button.textContent = label), 2000);
}

const until = (time) => (time ? ` until ${new Date(time).toLocaleDateString("en", { dateStyle: "medium" })}` : "");

function makeVersion({ number, run_id: id, section, feedback, status, words }, isHere) {
	const what = section === null ? "whole text" : `section ${section + 1}`;
	return make(
		"li",
		{},
		make("a", { href: `#run=${encodeURIComponent(id)}`, "aria-current": isHere ? "page" : null }, `Version ${number}`),
		make("span.optional", {}, number === 1 ? "" : `${what} · `, status === "completed" ? countOf(words, "word") : status),
		feedback ? make("q", { dir: "auto" }, feedback) : null,
	);
}

/** The sections that differ, a sentence a line. */
function makeChanges({ sections }) {
	const changed = sections.filter(({ status }) => status !== "same");
	if (!changed.length) return [make("p", {}, "Nothing: the two are the same.")];
	return changed.map(({ title, unified, words_before: before, words_after: after }) =>
		make(
			"section",
			{},
			make("h3", { dir: "auto" }, title, make("span.optional", {}, `${formatCount(before)} → ${formatCount(after)} words`)),
			...unified.split("\n").filter((line) => /^[-+ ]/.test(line) && !/^(---|\+\+\+) /.test(line)).map(makeLine),
		),
	);
}

function makeLine(line) {
	const tag = { "-": "del", "+": "ins" }[line[0]] ?? "span";
	return make("p", { dir: "auto" }, make(tag, {}, line.slice(1)));
}
