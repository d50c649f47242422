// The recent runs as books on a shelf. Stays hidden where the service doesn't list runs or there are none.

import { callIfThere } from "./api.js";
import { paintCover } from "./cover.js";
import { byId, make } from "./elements.js";

const RECENT = "api/v1/runs?limit=10";

const moment = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });

export async function showShelf() {
  const list = await callIfThere(RECENT);
  const runs = list?.runs ?? [];
  byId("books").replaceChildren(...runs.map(makeBook));
  byId("shelf").dataset.empty = String(runs.length === 0);
  byId("shelf").hidden = runs.length === 0;
}

export function hideShelf() {
  byId("shelf").hidden = true;
}

function makeBook({ run_id: id, title, status, created_at: created, format }) {
  const cover = make("div", { class: "cover cover--small", "aria-hidden": "true" });
  paintCover(cover, { title: title || "Untitled" });
  const kind = format && format !== "story" ? `${format.replaceAll("_", " ")} · ` : "";
  return make(
    "li",
    { class: "book" },
    make(
      "a",
      { href: `#run=${encodeURIComponent(id)}` },
      cover,
      make("span", { class: "book__title", dir: "auto" }, title || "Untitled"),
      make("span", { class: "book__line" }, `${kind}${status} · ${timeOf(created)}`),
    ),
  );
}

function timeOf(created) {
  const time = new Date(created);
  return Number.isNaN(time.getTime()) ? "" : moment.format(time);
}
