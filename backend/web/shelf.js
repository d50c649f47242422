// The library: what is kept, searched, renamed and deleted. Hidden while there is no text.

import { call, callIfThere } from "./api.js";
import { makeSegments } from "./controls.js";
import { paintCover } from "./cover.js";
import { attempt, byId, countOf, make, makeButton, makeProblem } from "./elements.js";

const PAGE = 20;
const MOST_PAGES = 25;

const moment = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });

// Of each kind: where its list is, and of one: its id, the field that names it, and what else is said.
const KINDS = {
	runs: { path: "runs", id: "run_id", named: "title" },
	sessions: {
		path: "stories/sessions",
		id: "session_id",
		named: "title",
		about: ({ chapters_written: written, progress_percent: read }) => `${countOf(written, "chapter")} · ${read} % read`,
	},
	children: {
		path: "children",
		id: "child_id",
		named: "name",
		about: ({ age, reading_level: level, interests }) => [age, level, ...interests].join(" · "),
	},
	documents: {
		path: "documents",
		id: "id",
		named: "title",
		about: ({ words, language }) => [countOf(words, "word"), language].filter(Boolean).join(" · "),
	},
	personas: {
		path: "personas",
		id: "id",
		named: "name",
		about: ({ kind: type, persona }) => [type, persona?.description].filter(Boolean).join(" · "),
	},
};

const nameOf = (one) => one[KINDS[kind].named] || one.theme || "Untitled";

const addressOf = (one) => `api/v1/${KINDS[kind].path}/${encodeURIComponent(one[KINDS[kind].id])}`;

const kinds = makeSegments(Object.keys(KINDS), { runs: "Texts", sessions: "Stories", children: "Children", documents: "Documents", personas: "Personas" });

let kind = "runs";
let shown = [];
let cursor = null;
let child = null;

export async function showShelf() {
	const asked = kind;
	const list = await callIfThere(pathOf(null));
	if (asked !== kind) return;
	take(list, []);
	byId("shelf").hidden = kind === "runs" && (!list || (shown.length === 0 && !isFiltered()));
}

const isFiltered = () => Boolean(byId("shelf-format").value || byId("shelf-status").value);

export function hideShelf() {
	byId("shelf").hidden = true;
}

/** Listens to the filters; `formats` are those that can be asked for. */
export function learnShelf(formats) {
	byId("shelf-format").append(...formats.map(({ name, title }) => make("option", { value: name }, title)));
	byId("shelf-search").addEventListener("submit", (event) => event.preventDefault());
	byId("shelf-words").addEventListener("input", search);
	for (const name of ["shelf-format", "shelf-status"]) byId(name).addEventListener("change", showShelf);
	byId("shelf-kinds").append(kinds.element);
	byId("shelf-kinds").addEventListener("change", () => choose(kinds.read()));
	kinds.write(kind);
	byId("shelf-more").addEventListener("click", showMore);
}

function choose(name, of = null) {
	kind = name;
	child = of;
	kinds.write(kind);
	byId("shelf-words").value = "";
	for (const filter of document.querySelectorAll(".shelf__filter")) filter.hidden = kind !== "runs";
	return showShelf();
}

function pathOf(before) {
	const query = new URLSearchParams({ limit: PAGE });
	if (kind === "runs") for (const name of ["format", "status"]) if (byId(`shelf-${name}`).value) query.set(name, byId(`shelf-${name}`).value);
	if (child) query.set("child_id", child.child_id);
	if (before) query.set("cursor", before);
	return `api/v1/${KINDS[kind].path}?${query}`;
}

function take(list, before) {
	shown = [...before, ...(list?.[kind] ?? [])];
	cursor = list?.next_cursor ?? null;
	paint();
}

async function showMore() {
	const asked = kind;
	const list = await callIfThere(pathOf(cursor));
	if (asked === kind) take(list, shown);
}

// Names are searched here, so all that there is has to come first.
async function search() {
	paint();
	for (let page = 0; cursor && page < MOST_PAGES && byId("shelf-words").value.trim(); page += 1) await showMore();
}

function paint() {
	const words = byId("shelf-words").value.trim().toLocaleLowerCase();
	const fitting = shown.filter((one) => nameOf(one).toLocaleLowerCase().includes(words));
	byId("books").classList.toggle("shelf__rows", kind !== "runs");
	byId("books").replaceChildren(...fitting.map(kind === "runs" ? makeBook : makeRow));
	byId("shelf-of").textContent = child ? `The stories of ${child.name}` : "";
	byId("shelf-none").textContent = shown.length || isFiltered() ? "Nothing fits." : "There are none.";
	byId("shelf-none").hidden = fitting.length > 0;
	byId("shelf-more").hidden = cursor === null;
}

function makeBook(run) {
	const { run_id: id, status, created_at: created, format } = run;
	const cover = make("div.cover.cover--small", { "aria-hidden": "true" });
	paintCover(cover, { title: nameOf(run) });
	const time = new Date(created);
	const line = [format !== "story" && format?.replaceAll("_", " "), status, Number.isNaN(time.getTime()) ? "" : moment.format(time)];
	return make(
		"li.book",
		{},
		make(
			"a",
			{ href: `#run=${encodeURIComponent(id)}` },
			cover,
			make("span.book__title", { dir: "auto" }, nameOf(run)),
			make("span.book__line", {}, line.filter(Boolean).join(" · ")),
		),
		...makeTools(run),
	);
}

function makeRow(one) {
	const name = nameOf(one);
	return make(
		"li.row",
		{},
		make("p.row__words", {}, make("bdi.row__name", {}, name), make("span.optional", { dir: "auto" }, KINDS[kind].about(one))),
		kind === "sessions" ? makeButton("Open", (event) => open(one, event.target), "tool", { "aria-label": `Open ${name}` }) : null,
		kind === "children" ? makeButton("Stories", () => choose("sessions", one), "tool", { "aria-label": `Stories of ${name}` }) : null,
		...makeTools(one),
	);
}

function makeTools(one) {
	const problem = makeProblem();
	const rename = (event) => askName(one, event.target, problem);
	const isGoingOn = ["running", "waiting"].includes(one.status);
	return [
		isGoingOn ? "" : makeButton("Rename", rename, "tool", { "aria-label": `Rename ${nameOf(one)}` }),
		makeDelete(one, problem),
		problem,
	];
}

// A story is opened at its newest chapter.
async function open(story, button) {
	const run = (await callIfThere(addressOf(story)))?.chapters?.at(-1);
	if (run) location.hash = `run=${encodeURIComponent(run.run_id)}`;
	else button.textContent = "No chapter yet";
}

function askName(one, button, problem) {
	const field = make("input", { value: nameOf(one), dir: "auto", required: true, maxlength: 120, "aria-label": "New name" });
	const send = async (event) => {
		event.preventDefault();
		const name = field.value.trim();
		// A persona is replaced as a whole.
		const [method, body] = kind === "personas" ? ["PUT", { ...one.persona, kind: one.kind, name }] : ["PATCH", { [KINDS[kind].named]: name }];
		if (await attempt(problem, () => call(method, addressOf(one), { body }))) showShelf();
	};
	const form = make("form.field.row__rename", { onsubmit: send }, field, make("button.tool", {}, "Rename"), makeButton("Cancel", paint, "tool"));
	button.replaceWith(form);
	field.select();
}

// Asked twice: the first press only says what the second will do.
function makeDelete(one, problem) {
	const label = `Delete ${nameOf(one)}`;
	const forget = () => {
		delete button.dataset.sure;
		button.textContent = "Delete";
		button.ariaLabel = label;
	};
	const button = makeButton("Delete", async () => {
		if (!button.dataset.sure) {
			button.dataset.sure = "true";
			button.textContent = "Delete for good?";
			button.ariaLabel = null;
		} else if (await attempt(problem, () => call("DELETE", addressOf(one)))) {
			shown = shown.filter((other) => other !== one);
			paint();
		}
	}, "tool", { "aria-label": label, onblur: forget });
	return button;
}
