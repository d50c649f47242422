// What lets somebody into the account, on its page: its password, where it is signed in, and the keys of machines.

import { attempt, button, byId, call, formatDay, formatDollars, formatTime, make, onSubmit, refill, say, showOnce } from "./elements.js";
import { signedIn } from "./page.js";

const BROWSERS = { "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari" };
const SYSTEMS = { Android: "Android", iPhone: "iPhone", iPad: "iPad", Windows: "Windows", "Mac OS X": "macOS", Linux: "Linux" };
const named = (names, text) => names[Object.keys(names).find((part) => text.includes(part))];

function nameClient(text) {
  const browser = named(BROWSERS, text);
  const system = named(SYSTEMS, text);
  return browser && system ? `${browser} on ${system}` : browser ?? (text.slice(0, 60) || "Something unnamed");
}

function makeSession(session) {
  const name = nameClient(session.client) + (session.kind === "app" ? " (an app)" : "");
  const times = `used ${formatTime(session.used_at)}, signed in ${formatTime(session.created_at)}`;
  const text = make("span", { dir: "auto" }, name, make("small", {}, times));
  if (session.is_this_one) return make("li", {}, text, make("strong", {}, "This one"));
  const end = async () => {
    await call("DELETE", `account/sessions/${encodeURIComponent(session.id)}`);
    say(`${name}: signed out.`);
    await showSessions();
  };
  return make("li", {}, text, button("Sign out", end, `${name}, ${times}`));
}

async function showSessions() {
  const { sessions } = await call("GET", "account/sessions");
  refill(byId("sessions"), sessions.map(makeSession), "Nowhere.");
  byId("end-others").hidden = sessions.length < 2;
}

// As the form says it; a scope of an extension that is gone has no words any more.
const scopeWords = (scope) => [...byId("key").elements.scopes].find((box) => box.value === scope)?.labels[0].textContent.trim() ?? scope;

// What it has used, where it has a limit of its own.
function keyUse({ allowance }) {
  const { runs_today: runs, runs_a_day: runsLimit, spent_usd: spent, usd_a_month: dollarsLimit } = allowance ?? {};
  const parts = [];
  if (runsLimit != null) parts.push(`${runs} of ${runsLimit} texts today`);
  if (dollarsLimit != null) parts.push(`${formatDollars(spent)} of ${formatDollars(dollarsLimit)} this month`);
  return parts;
}

function makeKey(key) {
  const used = key.used_at ? `used ${formatTime(key.used_at)}` : "never used";
  const words = [`${key.hint}…`, ...key.scopes.map(scopeWords), ...keyUse(key), used, `ends ${formatDay(key.expires_at)}`];
  const revoke = async () => {
    if (!confirm(`Revoke the key “${key.name}”? What uses it is refused from then on.`)) return;
    await call("DELETE", `account/keys/${encodeURIComponent(key.id)}`);
    say(`The key “${key.name}” is revoked.`);
    if (byId("new-key").dataset.key === key.id) byId("new-key").hidden = true;
    await showKeys();
  };
  const change = button("Change", () => openChange(item, key, change), key.name);
  change.setAttribute("aria-expanded", "false");
  const name = make("span", { dir: "auto" }, key.name, make("small", {}, words.join(", ")));
  const item = make("li", {}, name, change, button("Revoke", revoke, key.name));
  return item;
}

const limitsOf = ({ runs_a_day: runs, usd_a_month: dollars }) =>
  ({ runs_a_day: runs ? Number(runs) : null, usd_a_month: dollars ? Number(dollars) : null });

// The form for a new key, without what can't be changed. Days that are left empty leave its end as it is.
function openChange(item, key, change) {
  const open = item.querySelector("form");
  change.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const form = byId("key").cloneNode(true);
  form.id = "";
  form.querySelector("fieldset").remove();
  form.querySelector("button").textContent = "Save";
  const fields = form.elements;
  const limits = limitsOf(key.allowance ?? {});
  fields.name.value = key.name;
  fields.days.required = false;
  fields.days.value = "";
  fields.days.previousSibling.data = "Days until it ends, counted from now, empty to leave its end as it is ";
  for (const name in limits) fields[name].value = limits[name] ?? "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const { name, days, ...given } = Object.fromEntries(new FormData(form));
      const asked = limitsOf(given);
      // What was left alone may have been changed elsewhere meanwhile, and stays.
      const changed = Object.fromEntries(Object.entries(asked).filter(([limit, value]) => value !== limits[limit]));
      await call("PATCH", `account/keys/${encodeURIComponent(key.id)}`, { name, ...(days && { days: Number(days) }), ...changed });
      say(`The key “${name}” is changed, from its next request on.`);
      await showKeys();
    }, event.submitter);
  });
  item.append(form);
  fields.name.focus();
}

async function showKeys() {
  const { keys } = await call("GET", "account/keys");
  refill(byId("keys"), keys.map(makeKey), "No keys.");
}

onSubmit("password", async ({ revoke_keys: revoke, ...passwords }) => {
  await call("PUT", "account/password", { ...passwords, revoke_keys: revoke === "on" });
  byId("password").reset();
  if (revoke === "on") byId("new-key").hidden = true;
  byId("password").closest("details").open = false;
  say("The new password is set, and you are signed out everywhere else.");
  await Promise.all([showSessions(), showKeys()]);
});

onSubmit("key", async ({ name, days, ...given }) => {
  const scopes = [...byId("key").querySelectorAll("[name=scopes]:checked")].map((box) => box.value);
  if (!scopes.length) return say("Choose what the key may do.");
  const made = await call("POST", "account/keys", { name, days: Number(days), scopes, ...limitsOf(given) });
  byId("key").reset();
  byId("key").closest("details").open = false;
  await showKeys();
  say("The key is made.");
  showOnce(byId("new-key"), `The key “${made.name}”. Keep it now: it is never shown again.`, made.key);
  byId("new-key").dataset.key = made.id;
});

byId("end-others").addEventListener("click", () => attempt(endOthers, byId("end-others")));

async function endOthers() {
  await call("DELETE", "account/sessions");
  say("You are signed out everywhere else.");
  await showSessions();
}

signedIn.then(() => attempt(async () => {
  await Promise.all([showSessions(), showKeys()]);
  byId("access").hidden = false;
}));
