// What lets somebody into the account, on its page: its password, where it is signed in, and the keys of machines.

import { attempt, button, byId, call, formatDay, formatTime, make, onSubmit, refill, say, showOnce } from "./elements.js";
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

function makeKey(key) {
  const used = key.used_at ? `used ${formatTime(key.used_at)}` : "never used";
  const text = `${key.hint}…, ${key.scopes.map(scopeWords).join(", ")}, ${used}, ends ${formatDay(key.expires_at)}`;
  const revoke = async () => {
    if (!confirm(`Revoke the key “${key.name}”? What uses it is refused from then on.`)) return;
    await call("DELETE", `account/keys/${encodeURIComponent(key.id)}`);
    say(`The key “${key.name}” is revoked.`);
    if (byId("new-key").dataset.key === key.id) byId("new-key").hidden = true;
    await showKeys();
  };
  return make("li", {}, make("span", { dir: "auto" }, key.name, make("small", {}, text)), button("Revoke", revoke, key.name));
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

onSubmit("key", async ({ name, days, runs_a_day: runs, usd_a_month: dollars }) => {
  const scopes = [...byId("key").querySelectorAll("[name=scopes]:checked")].map((box) => box.value);
  if (!scopes.length) return say("Choose what the key may do.");
  const limits = { runs_a_day: runs ? Number(runs) : null, usd_a_month: dollars ? Number(dollars) : null };
  const made = await call("POST", "account/keys", { name, days: Number(days), scopes, ...limits });
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
