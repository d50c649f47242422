// The account page: signing in, up and out, and the links that mails bring. Secrets stand behind the # of an address,
// which is not sent to any server, and are taken out of it at once.

import { call as request } from "../static/api.js";

const OWNER = "storywire.account";

let signIn;

/** Resolves with the account once somebody is signed in. Sections that extensions bring to this page begin then. */
export const signedIn = new Promise((resolve) => { signIn = resolve; });

const show = (id, shown = true) => { document.getElementById(id).hidden = !shown; };
export const say = (text) => { document.getElementById("notice").textContent = text; };
export const call = (method, path, body) => request(method, `api/v1/${path}`, { body });

export function onSubmit(id, work) {
  document.getElementById(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.target.querySelector("button");
    button.disabled = true;
    try {
      await work(Object.fromEntries(new FormData(event.target)));
    } catch (error) {
      say(error.message);
    } finally {
      button.disabled = false;
    }
  });
}

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

async function showAccount() {
  const me = await call("GET", "account/me");
  keepMemoryFor(me.account.id);
  show("admin", me.account.role === "admin");
  document.getElementById("who").textContent = me.account.email ?? me.account.id;
  const use = me.allowance;
  if (use) {
    document.getElementById("use").textContent =
      `${use.runs_today} of ${use.runs_a_day} texts today, ` +
      `$${use.spent_usd.toFixed(2)} of $${use.usd_a_month.toFixed(2)} this month.`;
  }
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
  document.getElementById("forgot").addEventListener("click", async () => {
    const email = document.querySelector("#login [name=email]").value;
    await call("POST", "auth/password/forgot", { email }).then((reply) => say(reply.message), (error) => say(error.message));
  });
  document.getElementById("logout").addEventListener("click", async () => {
    await call("POST", "account/logout").catch((error) => say(error.message));
    // What this browser remembers goes with the session.
    forgetAll();
    location.reload();
  });
  if (purpose === "reset" && token) { show("reset"); return; }
  if (purpose === "verify" && token) {
    await call("POST", "auth/email/verify", { token }).then(() => say("Your address is confirmed: sign in."), (error) => say(error.message));
  }
  try {
    await showAccount();
  } catch {
    show("login");
    show("register", options.registration === "open" || (purpose === "invite" && Boolean(token)));
  }
}

// Signed out in another window, or somebody else signed in there.
addEventListener("storage", ({ key }) => key ?? location.reload());
begin().catch((error) => say(error.message));
