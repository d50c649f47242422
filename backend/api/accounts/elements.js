// What the account page and the administration page share: elements, calls, and refusals in a person's words.

import { call as request, Problem } from "../static/api.js";
import { byId, formatDollars, make } from "../static/elements.js";

export { byId, formatDollars, make };

export const say = (text) => { byId("notice").textContent = text; };
export const call = (method, path, body) => request(method, `api/v1/${path}`, { body });

/** A button that works once at a time. `about` says to a screen reader which of many it is. */
export function button(text, work, about = "") {
  const element = make("button", { type: "button", class: "button button--quiet" }, text);
  if (about) element.setAttribute("aria-label", `${text}: ${about}`);
  element.addEventListener("click", () => attempt(work, element));
  return element;
}

/** Does it, once at a time for its button, which keeps the focus meanwhile; a refusal is said. */
export async function attempt(work, element = null) {
  if (element?.ariaDisabled) return;
  if (element) element.ariaDisabled = "true";
  try {
    await work();
  } catch (error) {
    say(explain(error));
  } finally {
    if (element) element.ariaDisabled = null;
  }
}

/** Sends a form's values to `work` when it is submitted. */
export function onSubmit(id, work) {
  const form = byId(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(Object.fromEntries(new FormData(form))), event.submitter ?? form.querySelector("button"));
  });
}

/** A list's items anew. Where a button of the list had the focus, its heading has it now, and not the top of the page. */
export function refill(list, items, nothing) {
  const hadFocus = list.contains(document.activeElement);
  list.replaceChildren(...(items.length ? items : [make("li", {}, nothing)]));
  if (!hadFocus) return;
  const isBefore = (heading) => heading.compareDocumentPosition(list) & Node.DOCUMENT_POSITION_FOLLOWING;
  const heading = [...list.closest("section").querySelectorAll("h2")].findLast(isBefore);
  heading.tabIndex = -1;
  heading.focus();
}

/** A secret that is shown this once, with a button to copy it. */
export function showOnce(place, label, secret) {
  const field = make("input", { readonly: true, value: secret, "aria-label": label, spellcheck: "false" });
  const copy = button("Copy", async () => {
    field.select();
    // Without a secure context there is no clipboard: what is selected can be copied by hand.
    const isCopied = await navigator.clipboard?.writeText(secret).then(() => true, () => false);
    say(isCopied ? "Copied." : "Selected: copy it now.");
  });
  place.replaceChildren(make("p", {}, label), make("div", { class: "once" }, field, copy));
  place.hidden = false;
  field.focus();
  field.select();
}

export const formatTime = (at) => new Date(at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
export const formatDay = (at) => new Date(at).toLocaleDateString("en", { dateStyle: "medium" });

/** How much of its limits an account has used. */
export const formatUse = (use) =>
  `${use.runs_today} of ${use.runs_a_day} texts today, ${use.runs_this_month} of ${use.runs_a_month} this month, ` +
  `${formatDollars(use.spent_usd)} of ${formatDollars(use.usd_a_month)} this month`;

// Fields of the API by the words that stand on the pages. Where there is none, the sentence stands alone.
const FIELDS = {
  email: "E-mail",
  password: "Password",
  old_password: "Password until now",
  new_password: "New password",
  name: "Name",
  scopes: "What it may do",
  days: "Days",
  runs_at_once: "Texts at once",
  runs_a_day: "Texts a day",
  runs_a_month: "Texts a month",
  usd_a_month: "$ a month",
};

/** A refusal in plain words, by the names that the fields have on the page. */
export function explain(error) {
  if (!(error instanceof Problem)) return "That broke off. Try again.";
  if (!error.errors.length) return error.message;
  return `${error.errors.map(explainField).join("; ")}.`;
}

function explainField({ field, message }) {
  const label = FIELDS[field.split(".").find((part) => part in FIELDS)];
  return label ? `${label}: ${message}` : message;
}
