// What is done with a finished text: a section copied or written again, versions and what changed, a link for others.

import { call, callIfThere, Problem, runPath } from "./api.js";
import { byId, formatCount, make } from "./elements.js";

export class After {
  #root = byId("after");
  #run = null;
  #actions;

  /** `actions`: `open(run)`, which shows a run that was started here; `read(section)`, which reads aloud. */
  constructor(actions) {
    this.#actions = actions;
  }

  reset() {
    this.#run = null;
    this.#root.replaceChildren();
  }

  /** The run is complete: `{id, reader, titles}`. */
  async show(run) {
    this.#run = run;
    const [versions, share] = await Promise.all([callIfThere(runPath(run.id, "/versions")), callIfThere(runPath(run.id, "/share"))]);
    if (this.#run !== run) return;
    this.#root.replaceChildren(
      ...[versions && this.#makeVersions(versions.versions), share && this.#makeShare(share)].filter(Boolean),
    );
  }

  /** The buttons of one section. */
  makeTools(section) {
    const text = () => new Map(this.#run.reader.sections()).get(section) ?? "";
    const wish = make("div", { class: "wish", hidden: true });
    const again = make("button", { type: "button", class: "tool", "aria-expanded": "false" }, "Write again…");
    again.addEventListener("click", () => {
      wish.hidden = !wish.hidden;
      again.setAttribute("aria-expanded", String(!wish.hidden));
      if (!wish.childElementCount) wish.append(this.#makeWish(section));
      if (!wish.hidden) wish.querySelector("textarea").focus();
    });
    return make(
      "div",
      { class: "section__tools" },
      make("button", { type: "button", class: "tool", onclick: (event) => copy(text(), event.target) }, "Copy"),
      make("button", { type: "button", class: "tool", onclick: () => this.#actions.read(section) }, "Read aloud"),
      again,
      wish,
    );
  }

  #makeWish(section) {
    const area = make("textarea", { rows: 2, dir: "auto", maxlength: 2000, placeholder: "Shorter, and with more rain." });
    const problem = make("p", { class: "form__problem", role: "alert", hidden: true });
    const send = async (event) => {
      event.preventDefault();
      const body = { section, ...(area.value.trim() ? { feedback: area.value.trim() } : {}) };
      await this.#try(problem, async () => this.#actions.open(await call("POST", runPath(this.#run.id, "/versions"), { body })));
    };
    return make(
      "form",
      { class: "field", onsubmit: send },
      make("label", {}, "What should be different?", area),
      make("button", { type: "submit", class: "button button--main" }, "Write this section again"),
      problem,
    );
  }

  #makeVersions(versions) {
    if (versions.length < 2) return null;
    const here = versions.find(({ run_id: id }) => id === this.#run.id);
    const changes = make("div", { class: "changes" });
    const problem = make("p", { class: "form__problem", role: "alert", hidden: true });
    const compare = () => this.#try(problem, async () => changes.replaceChildren(...makeChanges(await call("GET", runPath(this.#run.id, "/diff")))));
    return make(
      "section",
      { class: "after__part", "aria-labelledby": "versions-heading" },
      make("h2", { class: "small-heading", id: "versions-heading" }, "Versions"),
      make("ol", { class: "versions" }, ...versions.map((version) => makeVersion(version, version === here))),
      here?.parent_run_id ? make("button", { type: "button", class: "button", onclick: compare }, "Show what changed") : null,
      problem,
      changes,
    );
  }

  #makeShare(share) {
    const said = make("div", { class: "share", role: "status" });
    const problem = make("p", { class: "form__problem", role: "alert", hidden: true });
    const path = runPath(this.#run.id, "/share");
    const paint = (state) => {
      const link = state.url ? new URL(`.${state.url}`, document.baseURI).href : null;
      const shown = link ? make("input", { readonly: true, value: link, "aria-label": "The link", onfocus: (event) => event.target.select() }) : null;
      said.replaceChildren(
        ...[
          make("p", {}, state.shared ? `Anybody with the link can read this${until(state.expires_at)}.` : "Nobody else can read this."),
          shown,
          link ? make("button", { type: "button", class: "button", onclick: (event) => copy(link, event.target) }, "Copy the link") : null,
          make("button", { type: "button", class: "button", onclick: create }, state.shared ? "Make a new link" : "Make a link"),
          state.shared ? make("button", { type: "button", class: "button", onclick: revoke }, "Revoke the link") : null,
        ].filter(Boolean),
      );
    };
    const create = () => this.#try(problem, async () => paint(await call("POST", path)));
    const revoke = () => this.#try(problem, async () => paint((await call("DELETE", path)) ?? { shared: false }));
    paint(share);
    return make(
      "section",
      { class: "after__part", "aria-labelledby": "share-heading" },
      make("h2", { class: "small-heading", id: "share-heading" }, "Share"),
      said,
      problem,
    );
  }

  async #try(shown, work) {
    shown.hidden = true;
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      shown.textContent = problem.errors.map((error) => error.message).join(" ") || problem.message;
      shown.hidden = false;
    }
  }
}

async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying isn’t allowed here";
  }
  setTimeout(() => (button.textContent = label), 2000);
}

const until = (time) => (time ? ` until ${new Date(time).toLocaleDateString("en", { dateStyle: "medium" })}` : "");

function makeVersion({ number, run_id: id, section, feedback, status, words }, isHere) {
  const what = section === null ? "whole text" : `section ${section + 1}`;
  return make(
    "li",
    {},
    make("a", { href: `#run=${encodeURIComponent(id)}`, "aria-current": isHere ? "page" : null }, `Version ${number}`),
    make("span", { class: "optional" }, number === 1 ? "" : `${what} · `, status === "completed" ? `${formatCount(words)} words` : status),
    feedback ? make("q", { dir: "auto" }, feedback) : null,
  );
}

/** The sections that differ, a sentence a line: what came in and what went out. */
function makeChanges({ sections }) {
  const changed = sections.filter(({ status }) => status !== "same");
  if (!changed.length) return [make("p", {}, "Nothing: the two are the same.")];
  return changed.map(({ title, unified, words_before: before, words_after: after }) =>
    make(
      "section",
      {},
      make("h3", { dir: "auto" }, title, make("span", { class: "optional" }, `${formatCount(before)} → ${formatCount(after)} words`)),
      ...unified.split("\n").filter((line) => /^[-+ ]/.test(line) && !/^(---|\+\+\+) /.test(line)).map(makeLine),
    ),
  );
}

function makeLine(line) {
  const tag = { "-": "del", "+": "ins" }[line[0]] ?? "span";
  return make("p", { dir: "auto" }, make(tag, {}, line.slice(1)));
}
