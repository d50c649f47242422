// The start page: what can be written, and the form for it.

import { QuoteLine } from "./advice.js";
import { paintCover } from "./cover.js";
import { byId, make } from "./elements.js";
import { StoryForm } from "./form.js";
import { recallDisplays, rememberDisplays } from "./memory.js";
import { PlainForm } from "./plain.js";

const STORY = "story";

export class Start {
	/** The form of stories, which is there before anything is known of formats. */
	story;
	#plain;
	#chooser = byId("format");
	#quote = new QuoteLine();
	#formats = [];
	#displays = recallDisplays();
	/** A request of a format that isn't known yet. */
	#waiting = null;

	constructor(onSubmit, onChange) {
		const changed = () => {
			this.askQuote();
			onChange();
		};
		this.story = new StoryForm(onSubmit, changed);
		this.#plain = new PlainForm(onSubmit, changed);
		this.#chooser.addEventListener("change", () => {
			this.#choose(this.#chooser.value);
			changed();
		});
	}

	/** What the service can write: the entries of `GET /api/v1/formats`. With stories alone there is nothing to choose. */
	offer(formats) {
		this.#formats = formats;
		this.#displays = Object.fromEntries(formats.map(({ name, presentation }) => [name, presentation?.reading]));
		rememberDisplays(this.#displays);
		const known = [...formats].sort((one, other) => Number(other.name === STORY) - Number(one.name === STORY));
		this.#chooser.replaceChildren(...known.map(({ name, title }) => make("option", { value: name }, title)));
		byId("chooser").hidden = !formats.some(({ name }) => name !== STORY);
		if (this.#waiting) this.fill(this.#waiting);
		else if (known.length) this.#choose(known[0].name);
	}

	/** What the text would cost as the form has it. */
	askQuote() {
		const { form } = this;
		this.#quote.ask(form.isReady ? form.request : null, byId(form === this.#plain ? "plain-write" : "write"));
	}

	/** How a format wants its text shown. */
	readingOf(format) {
		return this.#displays[format] ?? {};
	}

	/** The names that a format's text can be taken away as. */
	exportsOf(format) {
		return this.#formats.find(({ name }) => name === format)?.exports ?? [];
	}

	fill(request) {
		const format = request.format ?? STORY;
		if (format === STORY) {
			this.#choose(STORY);
			this.story.fill(request);
			return;
		}
		const known = this.#formats.some(({ name }) => name === format);
		this.#waiting = known ? null : request;
		if (!known) return;
		this.#choose(format);
		this.#plain.fill(request);
	}

	setBusy(busy) {
		this.#chooser.disabled = busy;
		this.form.setBusy(busy);
	}

	/** The form that is shown. */
	get form() {
		return byId("story-form").hidden ? this.#plain : this.story;
	}

	#choose(name) {
		const format = this.#formats.find((known) => known.name === name);
		const isStory = name === STORY || !format;
		this.#waiting = null;
		this.#chooser.value = name;
		for (const part of ["words", "form"]) {
			byId(`story-${part}`).hidden = !isStory;
			byId(`plain-${part}`).hidden = isStory;
		}
		byId("start").setAttribute("aria-labelledby", isStory ? "start-heading" : "plain-heading");
		if (isStory) return this.story.refresh();
		paintCover(byId("cover"), { title: format.title });
		return this.#plain.show(format);
	}
}
