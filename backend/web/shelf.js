// What was written before, as books on a shelf: searched, filtered, deleted. Stays hidden where the service doesn't list
// runs or there are none.

import { call, callIfThere, Problem, runPath } from "./api.js";
import { paintCover } from "./cover.js";
import { byId, make } from "./elements.js";

const PAGE = 20;
const MOST_PAGES = 25;

const moment = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });

let shown = [];
let cursor = null;

/** Shows the newest runs that fit the filters. */
export async function showShelf() {
  const list = await callIfThere(pathOf(null));
  shown = list?.runs ?? [];
  cursor = list?.next_cursor ?? null;
  paint();
  const isFiltered = byId("shelf-format").value || byId("shelf-status").value;
  byId("shelf").dataset.empty = String(shown.length === 0);
  byId("shelf").hidden = !list || (shown.length === 0 && !isFiltered);
}

export function hideShelf() {
  byId("shelf").hidden = true;
}

/** Listens to the filters; `formats` are those that can be asked for. */
export function learnShelf(formats) {
  byId("shelf-format").append(...formats.map(({ name, title }) => make("option", { value: name }, title)));
  byId("shelf-search").addEventListener("submit", (event) => event.preventDefault());
  byId("shelf-words").addEventListener("input", search);
  for (const id of ["shelf-format", "shelf-status"]) byId(id).addEventListener("change", showShelf);
  byId("shelf-more").addEventListener("click", showMore);
}

function pathOf(before) {
  const query = new URLSearchParams({ limit: PAGE });
  for (const name of ["format", "status"]) if (byId(`shelf-${name}`).value) query.set(name, byId(`shelf-${name}`).value);
  if (before) query.set("cursor", before);
  return `api/v1/runs?${query}`;
}

async function showMore() {
  const list = await callIfThere(pathOf(cursor));
  shown.push(...(list?.runs ?? []));
  cursor = list?.next_cursor ?? null;
  paint();
}

// Titles are searched here, so all that there is has to come first.
async function search() {
  paint();
  for (let page = 0; cursor && page < MOST_PAGES && byId("shelf-words").value.trim(); page += 1) await showMore();
}

function paint() {
  const words = byId("shelf-words").value.trim().toLocaleLowerCase();
  const fitting = shown.filter(({ title }) => (title ?? "").toLocaleLowerCase().includes(words));
  byId("books").replaceChildren(...fitting.map(makeBook));
  byId("shelf-none").hidden = fitting.length > 0;
  byId("shelf-more").hidden = cursor === null;
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
    makeDelete(id, title || "Untitled"),
  );
}

// Asked twice: the first press only says what the second will do.
function makeDelete(id, title) {
  const button = make("button", { type: "button", class: "tool book__delete", "aria-label": `Delete ${title}` }, "Delete");
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = "true";
      button.textContent = "Delete for good?";
      button.removeAttribute("aria-label");
      return;
    }
    try {
      await call("DELETE", runPath(id));
      shown = shown.filter(({ run_id: other }) => other !== id);
      paint();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      button.textContent = problem.message;
    }
  });
  button.addEventListener("blur", () => {
    delete button.dataset.sure;
    button.textContent = "Delete";
  });
  return button;
}

function timeOf(created) {
  const time = new Date(created);
  return Number.isNaN(time.getTime()) ? "" : moment.format(time);
}
