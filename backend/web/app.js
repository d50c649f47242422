// Storywire's page: the form starts a run, the address' hash names it, the view follows it.

import { After, copy } from "./after.js";
import { Aloud } from "./aloud.js";
import { asProblem, call, callIfThere, Problem, runPath, startRun } from "./api.js";
import { byId, make, saveFile } from "./elements.js";
import { recallDraft, recallRequest, rememberDraft, rememberRequest } from "./memory.js";
import { learnPeople, showQuota } from "./people.js";
import { granularity, learnSettings } from "./reading_settings.js";
import { Reader, toMarkdown, verifyText } from "./reader.js";
import { Place } from "./scrolling.js";
import { hideShelf, learnShelf, showShelf } from "./shelf.js";
import { Start } from "./start.js";
import { follow } from "./stream.js";
import { StoryView } from "./view.js";

const SESSIONS = "api/v1/stories/sessions";

const streamUrls = new Map();
/** The run that was started just now: it is watched. */
let begun = "";

let models = null;
/** The run on the page, `{id, reader, request, stream, model}`, or null while the form is shown. */
let shown = null;

const start = new Start(submit, showModelNotes);
const view = new StoryView({
	stop,
	accept: answerPlan,
	choose: startNextChapter,
	goOn: resume,
	download,
	copyAll: ({ target }) => copy(after.sections().map(([, text]) => text).join("\n\n"), target),
	edits: () => after.edits,
	startAfresh,
	readAgain: () => openRun(shown.id),
});

const aloud = new Aloud();
const place = new Place();
const after = new After({
	open: (run) => show(run, shown.request),
	read: Aloud.isThere ? (section) => aloud.start(byId("story-text"), section, byId("sheet").lang) : null,
	reword: (...wording) => view.sheet.reword(...wording),
	entitle: (title) => {
		shown.reader.terminal.data.title = title;
		view.sheet.setTitle(title);
	},
});

async function submit(request) {
	start.setBusy(true);
	const { form } = start;
	try {
		show(await startRun(request), request);
		form.forget();
		rememberDraft(request);
		form.errors.clear();
	} catch (problem) {
		form.errors.showProblem(asProblem(problem));
	} finally {
		start.setBusy(false);
	}
}

function show(run, request) {
	rememberRequest(run.run_id, request);
	if (run.stream_url) streamUrls.set(run.run_id, run.stream_url);
	begun = run.run_id;
	location.hash = `run=${encodeURIComponent(run.run_id)}`;
}

function route() {
	const id = new URLSearchParams(location.hash.slice(1)).get("run");
	if (id) openRun(id);
	else showForm();
}

function showForm() {
	shown?.stream.stop();
	shown = null;
	aloud.stop();
	place.leave();
	byId("reading").hidden = true;
	byId("start").hidden = false;
	byId("new-story").hidden = true;
	document.title = "Storywire";
	showModelNotes();
	showShelf();
	start.askQuote();
}

/** Shows a run from its start; the text is the same whether it is going on or long finished. */
function openRun(id) {
	shown?.stream.stop();
	const request = recallRequest(id);
	const isWatched = begun === id;
	begun = "";
	shown = { id, reader: new Reader(), request, stream: null, model: request?.options?.model ?? "", isWatched };
	byId("start").hidden = true;
	byId("reading").hidden = false;
	byId("new-story").hidden = false;
	hideShelf();
	aloud.stop();
	place.leave();
	after.reset();
	view.reset(request, isWatched);
	showReading();
	showModelNotes();
	scrollTo(0, 0);
	byId("story-title").focus({ preventScroll: true });
	connect(shown);
	if (!request) learnRequest(shown);
}

function connect(run) {
	const url = streamUrls.get(run.id) ?? runPath(run.id, "/stream");
	// An id is of one view. What can be hashed needn't be sent twice.
	const how = new URLSearchParams();
	if (granularity() === "section") how.set("granularity", "section");
	if (globalThis.crypto?.subtle) how.set("complete", "brief");
	run.stream = follow(`${url}${url.includes("?") ? "&" : "?"}${how}`, {
		lastId: run.reader.lastId,
		onMessage: (id, message) => receive(run, id, message),
		onState: (state) => view.bar.setConnection(state),
		check: () => check(run),
		isBehind: () => isBehind(run, how),
	});
}

function receive(run, id, message) {
	const change = run.reader.take(id, message);
	if (change === null) return;
	view.show(message, change, run.reader);
	if (message.type === "usage" && message.data.model !== run.model) {
		run.model = message.data.model;
		showModelNotes();
	}
	if (message.type === "complete") {
		verify(run, message.data);
		showExports();
		after.show(run);
		view.sheet.addTools((section) => after.makeTools(section));
		place.follow(run, !run.isWatched);
	}
	if (message.type === "input_required") offerQuote(run);
	if (message.type === "error" && message.data.code === "BUDGET_EXCEEDED") offerBudget(run);
	if (run.reader.terminal) {
		showShelf();
		showQuota();
	}
}

async function verify(run, data) {
	const verdict = await verifyText(run.reader.text(), data);
	if (run === shown) view.ending.showVerdict(verdict, data);
}

// A run that isn't ours to read won't come back; anything else may.
async function check(run) {
	try {
		await call("GET", runPath(run.id));
	} catch (problem) {
		if (![401, 403, 404, 410].includes(problem.status)) return true;
		if (run === shown) showLost(run, problem);
		return false;
	}
	return true;
}

async function isBehind(run, how) {
	const known = await callIfThere(runPath(run.id));
	const due = known?.sections.filter((part) => part.is_complete || !how.has("granularity")).map((part) => part.text);
	const behind = known && (known.finished_at || due.join("\n\n") !== run.reader.text());
	if (behind && run === shown) view.bar.setStatus("More is written than arrives: it is held back on the way.");
	return behind;
}

function showLost(run, problem) {
	const message = problem.status === 404 || problem.status === 410 ? "This text isn’t here any more." : problem.message;
	const data = { code: problem.code || "NOT_FOUND", message, resumable: false };
	view.show({ type: "error", data }, { kind: "none" }, run.reader);
}

/** A run that was started elsewhere: the service may know what it was asked for. */
async function learnRequest(run) {
	const known = await callIfThere(runPath(run.id));
	if (!known || run !== shown) return;
	run.model ||= known.model ?? "";
	showModelNotes();
	if (!known.input) return;
	run.request = { format: known.format ?? "story", input: known.input, options: known.options ?? {} };
	rememberRequest(run.id, run.request);
	view.sheet.showRequest(run.request);
	showReading();
	showExports();
}

function showReading() {
	if (shown?.request) view.showAs(start.readingOf(shown.request.format ?? "story"), shown.reader);
}

function showExports() {
	if (shown?.request) view.ending.showExports(shown.id, start.exportsOf(shown.request.format));
}

async function offerQuote(run) {
	const quote = await callIfThere(runPath(run.id, "/resume-quote"));
	if (run === shown) view.plan.showQuote(quote);
}

async function offerBudget(run) {
	const [quote, known] = await Promise.all([callIfThere(runPath(run.id, "/resume-quote")), callIfThere(runPath(run.id))]);
	if (run === shown) view.ending.offerBudget(known?.options ?? run.request?.options, quote);
}

async function stop() {
	view.bar.setStopping(true);
	try {
		await call("POST", runPath(shown.id, "/cancel"));
	} catch (problem) {
		// A conflict means that the run has ended by itself: its last message is on the way.
		if (asProblem(problem).status === 409) return;
		view.bar.setStopping(false);
		view.bar.setStatus(problem.message);
	}
}

async function resume(caps) {
	const run = shown;
	view.ending.setBusy(true);
	try {
		await call("POST", runPath(run.id, "/resume"), { body: caps });
	} catch (problem) {
		// It runs or has ended already, by another window's doing: read what there is.
		if (asProblem(problem).status === 409) return openRun(run.id);
		view.ending.setBusy(false);
		return view.ending.showProblem(problem);
	}
	run.reader.goOn();
	view.reopen();
	hideShelf();
	return connect(run);
}

async function answerPlan(outline) {
	view.plan.setBusy(true);
	try {
		await call("POST", runPath(shown.id, "/input"), { body: { outline } });
		view.plan.hide();
	} catch (problem) {
		if (asProblem(problem).status === 409) return view.plan.hide();
		view.plan.setBusy(false);
		view.plan.showProblem(problem);
	}
	return undefined;
}

/** `choice` is `{choice_index}` or `{custom_user_input}`. The chapter on the page begins a story, if it is in none. */
async function startNextChapter(choice) {
	const { id, request } = shown;
	view.ending.setBusy(true);
	try {
		const story = await call("POST", SESSIONS, { body: { run_id: id } });
		const { number, choice: chosen } = story.chapters.find((chapter) => chapter.run_id === id);
		if (story.next_chapter !== number + 1) throw new Problem(409, { detail: goneOn(chosen) });
		const options = request?.options ?? {};
		const body = { ...choice, chapter_number: number + 1, options };
		const run = await startRun(body, `${SESSIONS}/${encodeURIComponent(story.session_id)}/choices`);
		const input = { theme: story.theme, reader: story.reader, chapter_number: number + 1 };
		show(run, { format: "story", input, options });
	} catch (problem) {
		view.ending.setBusy(false);
		view.ending.showProblem(asProblem(problem));
	}
}

const goneOn = (chosen) =>
	chosen ? `This story has gone on already: “${chosen}” was chosen here.` : "This story has gone on already.";

function startAfresh() {
	if (shown.request) start.fill(shown.request);
	location.hash = "";
}

/** The text so far; the service has files of a finished one. */
function download() {
	const { reader } = shown;
	const text = toMarkdown(reader);
	const name = (reader.outline?.title || "story").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "story";
	saveFile(new Blob([text], { type: "text/markdown;charset=utf-8" }), `${name}.md`);
}

async function learnModels() {
	models = await callIfThere("api/v1/models");
	if (!models) return;
	byId("model").placeholder = models.default || byId("model").placeholder;
	byId("models").replaceChildren(
		...(models.models ?? []).map(({ id, usable, note }) =>
			make("option", { value: id, label: [id, note, usable === false ? "not set up" : ""].filter(Boolean).join(" · ") }),
		),
	);
	showModelNotes();
}

async function learnFormats() {
	const known = await callIfThere("api/v1/formats");
	if (!known) return;
	start.offer(known.formats ?? []);
	learnShelf(known.formats ?? []);
	showReading();
	const last = recallDraft();
	if (last && (last.format ?? "story") !== "story") start.fill(last);
	if (!shown) start.askQuote();
	showExports();
}

function showModelNotes() {
	const chosen = start.form.model;
	const entry = (models?.models ?? []).find((model) => model.id === (chosen || models.default));
	const hint = chosen && entry ? [entry.note, entry.usable === false ? "This model isn’t set up here." : ""].filter(Boolean).join(" ") : "";
	byId("model-hint").textContent = hint;
	byId("model-hint").hidden = !hint;
	const model = (shown ? shown.model : chosen) || models?.default || "";
	byId("demonstration").hidden = !models || !model.startsWith("embedded");
}

const draft = recallDraft();
if (!start.story.recall() && draft && (draft.format ?? "story") === "story") start.fill({ ...draft, input: { ...draft.input, title: "", custom_user_input: "", chapter_number: 1 } });
addEventListener("hashchange", route);
learnSettings();
// A text that is on its way is asked for before anything else is.
route();
learnModels();
learnFormats();
learnPeople(start.story);
