// A run on the page: which message changes what. The text itself goes through the reader first.

import { Bar, Notices, Pieces } from "./beside.js";
import { byId } from "./elements.js";
import { Ending } from "./ending.js";
import { Contents, Facts } from "./margin.js";
import { Plan } from "./plan.js";
import { Follower } from "./scrolling.js";
import { Sheet } from "./sheet.js";
import { showSources } from "./sources.js";

const DOING = {
	outline: "Making the plan",
	research: "Looking things up",
	generate_content: "Writing",
	safety_check: "Checking that it is safe",
	enhance_content: "Smoothing it out",
	calculate_metrics: "Counting words",
	derive: "Writing the short pieces",
};

export class StoryView {
	sheet = new Sheet();
	#notices = new Notices();
	#pieces = new Pieces();
	#facts = new Facts();
	#contents = new Contents((section) => this.sheet.scrollTo(section));
	#follower = new Follower(() => this.sheet.tail, byId("bar"));
	#waiting = false;
	#told = false;

	/** `actions`: those of `Ending`, `stop()`, and `accept(outline)`. */
	constructor(actions) {
		this.bar = new Bar(() => actions.stop());
		this.plan = new Plan((outline) => actions.accept(outline));
		this.ending = new Ending(actions);
	}

	/** Empties the view for a run. `request` may be unknown (null); a `watched` one was started just now, and followed. */
	reset(request, watched) {
		this.sheet.reset(request);
		for (const part of [this.#notices, this.#pieces, this.#contents, this.#facts, this.bar, this.ending]) part.reset();
		showSources([]);
		this.plan.hide();
		this.#follower.restart(watched);
		this.#waiting = false;
		this.#told = false;
		byId("sheet").ariaBusy = "true";
	}

	/** How the format wants its text shown (`TextDisplay`); it may be known only after the text began. */
	showAs(display, reader) {
		this.#contents.setPace(display.words_a_minute);
		this.sheet.showAs(display, reader.sections());
	}

	/** The run goes on after its error. */
	reopen() {
		this.#notices.reset();
		this.ending.reset();
		this.bar.reset();
		this.sheet.close();
		byId("sheet").ariaBusy = "true";
	}

	/** One message and what it did to the text (see `Reader.take`). */
	show(message, change, reader) {
		const data = message.data ?? {};
		if (change.kind !== "none") this.#showText(change);
		else this.#showOther(message.type, data, reader);
	}

	#showText({ kind, section, piece, chunk, complete, reason }) {
		if (piece !== null) {
			if (kind === "append") this.#pieces.append(piece, chunk);
			else this.#pieces.empty(piece);
			return;
		}
		this.#goOnFromPlan();
		if (kind === "append") this.sheet.append(section, chunk, complete);
		else this.sheet.empty(section, reason);
		const state = kind === "empty" ? "waiting" : complete ? "done" : "writing";
		this.#contents.mark(section, state, this.sheet.wordsOf(section));
		this.#follower.nudge();
	}

	#showOther(type, data, reader) {
		const shows = {
			node_event: () => this.#showNode(data),
			outline: () => this.#showOutline(data),
			progress: () => this.#showProgress(data),
			facts: () => showSources(data.sources),
			safety_check: () => this.#facts.showVerdict(data),
			metadata: () => this.#showMetrics(data),
			usage: () => this.#facts.showUsage(data),
			input_required: () => this.#showWaiting(data),
			complete: () => this.#showComplete(data),
			error: () => this.#showError(data, reader),
		};
		if (Object.hasOwn(shows, type)) shows[type]();
	}

	#showProgress(data) {
		// A node's own words are better: they name the section.
		if (data.message && !this.#told) this.bar.setStatus(data.message);
		this.bar.showProgress(data);
	}

	#showMetrics(metadata) {
		this.#notices.show(metadata.notices ?? [], metadata.compliance?.findings ?? []);
		this.#facts.showMetrics(metadata);
	}

	#showNode({ node, status, section, title, message }) {
		if (status === "started" || status === "resumed") {
			this.#goOnFromPlan();
			const name = title || this.sheet.titleOf(section);
			const doing = DOING[node];
			if (message) this.#tell(message);
			else if (doing) this.#tell(name && node === "generate_content" ? `${doing} “${name}”` : `${doing}…`);
			if (node === "generate_content" && section != null) {
				this.sheet.begin(section);
				this.#contents.mark(section, "writing", this.sheet.wordsOf(section));
				this.#follower.nudge();
			}
		} else if (message) {
			this.#tell(message);
		}
	}

	// Said aloud only here: a screen reader hears each step, not each token.
	#tell(text) {
		this.#told = true;
		this.bar.setStatus(text);
		byId("announcement").textContent = text;
	}

	#showOutline({ title, sections = [] }) {
		this.#goOnFromPlan();
		this.sheet.setTitle(title ?? "");
		this.sheet.setTitles(sections);
		this.#contents.show(sections, (section) => this.sheet.wordsOf(section));
		document.title = title ? `${title} · Storywire` : "Storywire";
	}

	#showWaiting({ kind, payload }) {
		if (kind !== "outline" || !payload) return;
		this.#waiting = true;
		this.plan.show(payload);
		this.#tell("Waiting for your word on the plan");
	}

	// Whatever happens after the question means that it was answered, here or elsewhere.
	#goOnFromPlan() {
		if (!this.#waiting) return;
		this.#waiting = false;
		this.plan.hide();
	}

	#showComplete(data) {
		this.#close();
		if (data.title) {
			this.sheet.setTitle(data.title);
			document.title = `${data.title} · Storywire`;
		}
		this.#pieces.setTitles(data.pieces ?? []);
		this.#showMetrics(data.metadata ?? {});
		if (data.usage) this.#facts.showUsage(data.usage);
		if (data.cached) this.#facts.showCached();
		if (data.sources) showSources(data.sources);
		this.ending.showComplete(data);
		byId("announcement").textContent = "The text is finished.";
	}

	#showError(data, reader) {
		this.#close();
		this.ending.showError(data, reader.text() !== "");
	}

	#close() {
		this.#goOnFromPlan();
		this.sheet.close();
		this.#contents.close();
		this.bar.hide();
		byId("sheet").ariaBusy = "false";
	}
}
