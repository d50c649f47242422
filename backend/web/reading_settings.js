// The reader's settings: size of type, spacing, face, theme, and whether the text is shown as it is written. Kept in this
// browser; without storage they hold for the visit.

import { byId } from "./elements.js";

const KEY = "storywire.reading";
const DEFAULTS = { size: "2", spacing: "normal", face: "serif", theme: "auto", streaming: "on" };

let chosen = { ...DEFAULTS };

/** Shows the settings and applies what was chosen before. */
export function learnSettings() {
  try {
    chosen = { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    // Nothing readable is kept.
  }
  const form = byId("settings");
  for (const name of Object.keys(DEFAULTS)) form.elements[name].value = chosen[name];
  form.addEventListener("input", () => {
    for (const name of Object.keys(DEFAULTS)) chosen[name] = form.elements[name].value;
    try {
      localStorage.setItem(KEY, JSON.stringify(chosen));
    } catch {
      // Storage is full or forbidden.
    }
    apply();
  });
  apply();
}

/** The stream's `granularity`: whole sections for who doesn't want to watch. */
export const granularity = () => (chosen.streaming === "off" ? "section" : "token");

function apply() {
  for (const name of ["size", "spacing", "face", "theme"]) document.documentElement.dataset[name] = chosen[name];
}
