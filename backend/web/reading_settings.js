// The reader's settings, kept in this browser; without storage they hold for the visit.

import { makeSegments } from "./controls.js";
import { byId, make } from "./elements.js";
import { recallReading, rememberReading } from "./memory.js";

// Of each its name, its label, its choices, and the default.
const SETTINGS = [
	["size", "Size", { 1: "Small", 2: "Normal", 3: "Large", 4: "Huge" }, "2"],
	["spacing", "Spacing", { normal: "Normal", wide: "Wide" }, "normal"],
	["face", "Face", { serif: "Book", sans: "Plain", legible: "For dyslexia" }, "serif"],
	["theme", "Theme", { auto: "As the system", light: "Light", dark: "Dark" }, "auto"],
	["streaming", "Show", { on: "As it is written", off: "Section by section" }, "on"],
];

let chosen = {};

export function learnSettings() {
	const kept = recallReading();
	const form = byId("settings");
	const controls = SETTINGS.map(([name, label, choices, usual]) => {
		const { element, read, write } = makeSegments(Object.keys(choices), choices);
		write(choices[kept[name]] ? kept[name] : usual);
		form.append(make("fieldset.field", {}, make("legend", {}, label), element));
		return [name, read];
	});
	const apply = () => {
		chosen = Object.fromEntries(controls.map(([name, read]) => [name, read()]));
		const { streaming, ...shown } = chosen;
		Object.assign(document.documentElement.dataset, shown);
	};
	form.addEventListener("input", () => {
		apply();
		rememberReading(chosen);
	});
	apply();
}

/** The stream's `granularity`: whole sections for who doesn't want to watch. */
export const granularity = () => (chosen.streaming === "off" ? "section" : "token");
