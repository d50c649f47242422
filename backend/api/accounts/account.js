// The account page: signing in, up and out, and the links that mails bring. Secrets stand behind the # of an address,
// which is not sent to any server, and are taken out of it at once.

import { attempt, byId, call, explain, formatUse, onSubmit, say } from "./elements.js";

export { call, onSubmit, say };

const OWNER = "storywire.account";
const NO_MAILS =
  "This service sends no mails. Ask whoever runs it for a link to set a new password: " +
  "they make one on the administration page, or with the command “storywire users link”.";

let signIn;

/** Resolves with the account once somebody is signed in. Sections that extensions bring to this page begin then. */
export const signedIn = new Promise((resolve) => { signIn = resolve; });

const show = (id, shown = true) => { byId(id).hidden = !shown; };

function takeLink() {
  const [purpose, token] = location.hash.slice(1).split("=");
  if (token) history.replaceState(null, "", location.pathname);
  return { purpose, token };
}

// The text that was on the page when the session ended: only ever what stands behind the # of the page's own address.
const back = new URLSearchParams(location.search).get("back");

// What this browser remembers is personal: it is for the account that it was written for, and for no other.
function keepMemoryFor(accountId) {
  try {
    if (localStorage.getItem(OWNER) === accountId) return;
    forgetAll();
    localStorage.setItem(OWNER, accountId);
  } catch {
    // Storage is forbidden or full: then there is nothing of anybody's in it.
  }
}

function forgetAll() {
  try {
    localStorage.clear();
    sessionStorage.clear();
  } catch {
    // Storage is forbidden.
  }
}

/** The account is gone, and with it what this browser remembers and the page shows of it. */
export function leave(text) {
  forgetAll();
  ["me", "access", "belongings"].forEach((id) => byId(id).remove());
  show("login");
  byId("login").elements.email.focus();
  say(text);
}

async function showAccount() {
  const me = await call("GET", "account/me");
  keepMemoryFor(me.account.id);
  show("admin", me.account.role === "admin");
  byId("who").textContent = me.account.email ?? me.account.id;
  byId("use").textContent = me.allowance ? `${formatUse(me.allowance)}.` : "";
  show("login", false);
  show("register", false);
  show("me");
  signIn(me.account);
}

async function begin() {
  const { purpose, token } = takeLink();
  const options = await call("GET", "auth/options");
  if (options.mode !== "accounts") {
    say(options.mode === "local" ? "This service has no accounts." : "You sign in elsewhere for this service.");
    return;
  }
  onSubmit("login", async (form) => {
    await call("POST", "auth/login", form);
    if (!byId("me")) return location.reload(); // an account has left, and took its parts of the page along
    say("");
    await showAccount();
    if (back) location.assign(`./#${back}`);
  });
  onSubmit("register", async (form) => {
    const invitation = purpose === "invite" ? { invitation: token } : {};
    say((await call("POST", "auth/register", { ...form, ...invitation })).message);
    show("register", false);
  });
  onSubmit("reset", async (form) => {
    await call("POST", "auth/password/reset", { token, ...form });
    say("The new password is set: sign in.");
    show("reset", false);
    show("login");
  });
  byId("forgot").addEventListener("click", () => attempt(() => askForLink(options.mails), byId("forgot")));
  byId("logout").addEventListener("click", async () => {
    await attempt(() => call("POST", "account/logout"));
    // What this browser remembers goes with the session.
    forgetAll();
    location.reload();
  });
  if (purpose === "reset" && token) { show("reset"); return; }
  if (purpose === "verify" && token) {
    await attempt(() => call("POST", "auth/email/verify", { token }).then(() => say("Your address is confirmed.")));
  }
  try {
    await showAccount();
    if (purpose === "invite" && token) say("You are signed in already: sign out, and open the invitation again.");
  } catch {
    show("login");
    show("register", options.registration === "open" || (purpose === "invite" && Boolean(token)));
  }
}

async function askForLink(mails) {
  if (!mails) return say(NO_MAILS);
  const email = byId("login").elements.email;
  if (email.reportValidity()) say((await call("POST", "auth/password/forgot", { email: email.value })).message);
}

// A link that is opened in the tab that shows this page loads nothing by itself.
addEventListener("hashchange", () => { if (location.hash.includes("=")) location.reload(); });
// Signed out in another window, or somebody else signed in there.
addEventListener("storage", ({ key }) => key ?? location.reload());
begin().catch((error) => say(explain(error)));
