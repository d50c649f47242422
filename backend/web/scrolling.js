// Where the reader is. While a text is written its end stays in view for who is there. In a finished one the place where
// somebody stopped is kept with the run, so that every device of the account opens it there.

import { call, callIfThere, orNull, runPath } from "./api.js";
import { make, makeButton } from "./elements.js";

const NEAR_PX = 140;
const MARGIN_PX = 40;
const PAUSE_MS = 1200;
const TOP_PX = 90;

/** `tail()` gives the element whose end is the end of the text; `bar` covers the bottom of the window. */
export class Follower {
	#tail;
	#bar;
	#following = true;
	#asked = 0;
	#lastY = 0;

	constructor(tail, bar) {
		this.#tail = tail;
		this.#bar = bar;
		addEventListener("scroll", () => this.#look(), { passive: true });
	}

	/** The text grew. Measured once a frame: a layout a token would make long texts slow. */
	nudge() {
		if (this.#following && !this.#asked) this.#asked = requestAnimationFrame(() => this.#scroll());
	}

	/** A new text: `following` says whether the reader watches it being written or reads it from its top. */
	restart(following) {
		this.#following = following;
	}

	#overhang() {
		const tail = this.#tail();
		return tail ? tail.getBoundingClientRect().bottom - (innerHeight - this.#bar.offsetHeight) : 0;
	}

	// Only scrolling up is leaving: a scroll down may be our own, and the text may have grown since.
	#look() {
		const movedUp = scrollY < this.#lastY;
		this.#lastY = scrollY;
		const atEnd = this.#overhang() < NEAR_PX;
		if (movedUp || atEnd) this.#following = atEnd;
	}

	#scroll() {
		this.#asked = 0;
		const distance = this.#overhang() + MARGIN_PX;
		if (distance > 0) scrollBy(0, distance);
	}
}

export class Place {
	#root = make("div.place", { role: "status" });
	#run = null;
	/** What the service has, as JSON; null while that isn't known. */
	#kept = null;
	#timer = 0;

	constructor() {
		addEventListener("scroll", () => this.#wait(), { passive: true });
		document.addEventListener("visibilitychange", () => document.hidden && this.#keep(true));
	}

	leave() {
		this.#keep(true);
		this.#run = this.#kept = null;
		this.#root.remove();
	}

	/** The run's text is on the page; `goes` brings the reader to where they stopped, if they haven't moved yet. */
	async follow(run, goes) {
		this.#run = run;
		const place = await callIfThere(runPath(run.id, "/place"));
		if (!place || this.#run !== run) return;
		const found = typeof place.section === "number" ? paragraphAt(place) : null;
		this.#kept = JSON.stringify({ section: place.section, paragraph: place.paragraph });
		if (!goes || !found || scrollY > TOP_PX) return;
		const top = makeButton("To the beginning", () => scrollTo(0, 0), "tool");
		this.#root.replaceChildren("Here you stopped reading. ", top);
		found.before(this.#root);
		this.#root.scrollIntoView();
	}

	#wait() {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#keep(), PAUSE_MS);
	}

	async #keep(keepalive = false) {
		clearTimeout(this.#timer);
		const place = this.#kept && placeOnTop();
		const body = place && JSON.stringify(place);
		if (!place || body === this.#kept) return;
		this.#kept = body;
		await call("PUT", runPath(this.#run.id, "/place"), { body: place, keepalive }).catch(orNull);
	}
}

const paragraphsOf = (section) => section.querySelectorAll(".section__text > *");

// A text that is shorter by now has its place at its end.
function paragraphAt({ section, paragraph }) {
	const root = document.querySelector(`.section[data-section="${section}"]`);
	const found = root && [...paragraphsOf(root)];
	return section + paragraph > 0 && found ? (found[paragraph] ?? found.at(-1) ?? null) : null;
}

function placeOnTop() {
	for (const root of document.querySelectorAll(".section:not([hidden])")) {
		if (root.getBoundingClientRect().bottom <= TOP_PX) continue;
		const paragraph = [...paragraphsOf(root)].findIndex((one) => one.getBoundingClientRect().bottom > TOP_PX);
		return { section: Number(root.dataset.section), paragraph: Math.max(0, paragraph) };
	}
	return null;
}
