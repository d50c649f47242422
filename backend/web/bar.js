// The bar at the bottom while a chapter is being written: how far, what now, the connection, stop.

import { byId, formatCount, make } from "./elements.js";

const CONNECTIONS = {
	connecting: "connecting…",
	live: "live",
	reconnecting: "reconnecting…",
	ended: "finished",
};

export class Bar {
	#stop = byId("stop");

	constructor(onStop) {
		this.#stop.addEventListener("click", onStop);
	}

	reset() {
		byId("progress").value = 0;
		byId("bar-numbers").textContent = "";
		this.setStatus("Starting…");
		this.setStopping(false);
		byId("bar").hidden = false;
	}

	hide() {
		byId("bar").hidden = true;
	}

	setStatus(text) {
		byId("bar-status").textContent = text;
	}

	setConnection(state) {
		const shown = byId("connection");
		if (shown.dataset.state === state) return;
		const isBack = shown.dataset.state === "reconnecting" && state === "live";
		shown.dataset.state = state;
		shown.textContent = isBack ? "back, nothing lost" : CONNECTIONS[state];
	}

	setStopping(stopping) {
		this.#stop.disabled = stopping;
		this.#stop.textContent = stopping ? "Stopping…" : "Stop";
	}

	showProgress({ percent, words, target_words: target, eta_seconds: eta }) {
		byId("progress").value = percent;
		const parts = [`${Math.round(percent)} %`];
		if (target) parts.push(`${formatCount(words ?? 0)} of ${formatCount(target)} words`);
		const left = eta ? make("span.bar__left", {}, ` · ${timeLeft(eta)}`) : "";
		byId("bar-numbers").replaceChildren(parts.join(" · "), left);
	}
}

function timeLeft(seconds) {
	if (seconds < 90) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s left`;
	return `about ${Math.round(seconds / 60)} min left`;
}
