// The text read aloud by the browser's voices: the sentence lit up, a voice a speaker, speed, 15 seconds back and forth.

import { byId } from "./elements.js";

const JUMP_SECONDS = 15;
const LETTERS_A_SECOND = 15;
const LABEL = /^([^\n:]{1,40}):\s*/;

export class Aloud {
	#bar = byId("aloud");
	#sentences = [];
	#at = 0;
	#speaking = null;
	#speed = 1;

	constructor() {
		const does = {
			back: () => this.#jump(-1),
			forth: () => this.#jump(1),
			pause: () => (this.#speaking ? this.#pause() : this.#speak()),
			stop: () => this.stop(),
		};
		for (const name in does) byId(`aloud-${name}`).addEventListener("click", does[name]);
		byId("aloud-speed").addEventListener("change", (event) => {
			this.#speed = Number.parseFloat(event.target.value);
			if (this.#speaking) this.#speak();
		});
	}

	/** Whether this browser can speak at all. */
	static get isThere() {
		return "speechSynthesis" in window && "Segmenter" in Intl;
	}

	/** Reads what stands in `root` from the section `from` on; `language` is a tag or "". */
	start(root, from, language) {
		this.stop();
		this.#sentences = sentencesOf(root, language);
		this.#at = Math.max(0, this.#sentences.findIndex(({ section }) => section >= from));
		if (!this.#sentences.length) return;
		this.#bar.hidden = false;
		this.#speak();
	}

	stop() {
		this.#silence();
		this.#bar.hidden = true;
		globalThis.CSS?.highlights?.delete("spoken");
	}

	#silence() {
		this.#speaking = null;
		globalThis.speechSynthesis?.cancel();
	}

	#pause() {
		this.#silence();
		byId("aloud-pause").textContent = "Go on";
	}

	#speak() {
		this.#silence();
		const sentence = this.#sentences[this.#at];
		if (!sentence) return this.stop();
		const said = new SpeechSynthesisUtterance(sentence.text);
		const voices = voicesOf(sentence.language);
		if (voices.length) said.voice = voices[sentence.speaker % voices.length];
		// With fewer voices than speakers they are told apart by their pitch.
		said.pitch = voices.length > sentence.speaker ? 1 : 0.85 + 0.3 * (sentence.speaker % 2);
		said.rate = this.#speed;
		said.lang = sentence.language;
		said.onend = () => {
			if (this.#speaking !== said) return;
			this.#at += 1;
			this.#speak();
		};
		this.#speaking = said;
		byId("aloud-pause").textContent = "Pause";
		light(sentence.range);
		return speechSynthesis.speak(said);
	}

	// By the letters that are spoken in so many seconds, to the beginning of a sentence.
	#jump(direction) {
		let letters = JUMP_SECONDS * LETTERS_A_SECOND * this.#speed;
		const last = this.#sentences.length - 1;
		while (letters > 0 && this.#at + direction >= 0 && this.#at + direction <= last) {
			this.#at += direction;
			letters -= this.#sentences[this.#at].text.length;
		}
		this.#speak();
	}
}

function sentencesOf(root, language) {
	const segmenter = new Intl.Segmenter(language || "en", { granularity: "sentence" });
	const speakers = new Map();
	return [...root.querySelectorAll(".section__text :is(p, h3, h4, h5, h6, li, td, th)")].flatMap((paragraph) => {
		const section = Number(paragraph.closest("[data-section]").dataset.section);
		const nodes = wordsIn(paragraph);
		const text = nodes.map(({ data }) => data).join("");
		const label = paragraph.classList.contains("turn") ? LABEL.exec(text) : null;
		if (label && !speakers.has(label[1])) speakers.set(label[1], speakers.size);
		const speaker = label ? speakers.get(label[1]) : 0;
		return [...segmenter.segment(text)]
			.map(({ segment, index }) => {
				const spoken = index === 0 && label ? segment.replace(LABEL, "") : segment;
				return { section, speaker, language, text: spoken.replace(/\[[^\]\n]{1,40}\]/g, " ").trim(), range: rangeOf(nodes, index, index + segment.length) };
			})
			.filter((sentence) => /[\p{L}\p{N}]/u.test(sentence.text));
	});
}

/** Its text nodes, but for the sources beside it. */
function wordsIn(paragraph) {
	const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
	const found = [];
	while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(".note")) found.push(walker.currentNode);
	return found;
}

function rangeOf(nodes, start, end) {
	const range = new Range();
	let before = 0;
	for (const node of nodes) {
		if (before <= start && start <= before + node.length) range.setStart(node, start - before);
		if (end <= before + node.length) {
			range.setEnd(node, end - before);
			return range;
		}
		before += node.length;
	}
	return range;
}

function voicesOf(language) {
	const voices = speechSynthesis.getVoices();
	return voices.filter((voice) => voice.lang.toLowerCase().startsWith((language || "en").slice(0, 2)));
}

function light(range) {
	if (globalThis.Highlight && CSS.highlights) CSS.highlights.set("spoken", new Highlight(range));
	range.startContainer.parentElement?.scrollIntoView({ block: "nearest" });
}
