// The administration page: accounts with their limits and use, and security events. Nobody's texts are here.

import { call as request } from "../static/api.js";

const byId = (id) => document.getElementById(id);
const say = (text) => { byId("notice").textContent = text; };
const call = (method, path, body) => request(method, `api/v1/admin/${path}`, { body });
const attempt = (work) => () => work().catch((error) => say(error.message));

function cell(...content) {
  const element = document.createElement("td");
  element.append(...content);
  return element;
}

function button(text, work) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button button--quiet";
  element.textContent = text;
  element.addEventListener("click", attempt(work));
  return element;
}

function number(name, label, value, step) {
  const element = document.createElement("input");
  Object.assign(element, { type: "number", min: step, step, name, value: value ?? "" });
  element.setAttribute("aria-label", label);
  return element;
}

function showAccount(account, row = document.createElement("tr")) {
  const path = `accounts/${encodeURIComponent(account.id)}`;
  const name = account.email ?? account.subject ?? account.id;
  const limits = [
    number("runs_at_once", `Runs at once of ${name}`, account.runs_at_once, "1"),
    number("runs_a_day", `Runs a day of ${name}`, account.runs_a_day, "1"),
    number("usd_a_month", `Dollars a month of ${name}`, account.usd_a_month, "0.01"),
  ];
  const change = async (values) => {
    showAccount(await call("PATCH", path, values), row);
    say(`${name}: changed.`);
    await showEvents();
  };
  const isActive = account.status === "active";
  const used = cell(button("Show", async () => used.replaceChildren(useOf(await call("GET", `${path}/usage`)))));
  row.dataset.account = account.id;
  row.replaceChildren(
    cell(account.issuer && !account.email ? `${name} (${account.issuer})` : name),
    cell(account.role),
    cell(account.status),
    ...limits.map((limit) => cell(limit)),
    used,
    cell(
      button("Save limits", () =>
        change(Object.fromEntries(limits.map(({ name: limit, value }) => [limit, value === "" ? null : Number(value)]))),
      ),
      " ",
      button(isActive ? "Lock" : "Unlock", () => change({ status: isActive ? "locked" : "active" })),
      " ",
      button("Reset link", async () => say((await call("POST", `${path}/reset-link`)).url)),
    ),
  );
  return row;
}

const useOf = (use) =>
  `${use.runs_now} of ${use.runs_at_once} now, ${use.runs_today} of ${use.runs_a_day} today, ` +
  `$${use.spent_usd.toFixed(4)} and $${use.reserved_usd.toFixed(4)} reserved of $${use.usd_a_month.toFixed(2)}`;

function showEvent({ at, kind, owner, subject }) {
  const row = document.createElement("tr");
  row.append(...[new Date(at).toLocaleString("en"), kind.replaceAll("_", " "), owner ?? "", subject ?? ""].map((text) => cell(text)));
  return row;
}

async function showEvents(cursor = null) {
  const page = await call("GET", `events?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  const rows = page.events.map(showEvent);
  if (cursor) byId("events").append(...rows);
  else byId("events").replaceChildren(...rows);
  byId("more-events").hidden = !page.next_cursor;
  byId("more-events").onclick = attempt(() => showEvents(page.next_cursor));
}

async function showAccounts(cursor = null) {
  const page = await call("GET", `accounts?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  byId("accounts").append(...page.accounts.map((account) => showAccount(account)));
  byId("more-accounts").hidden = !page.next_cursor;
  byId("more-accounts").onclick = attempt(() => showAccounts(page.next_cursor));
}

byId("invite").addEventListener("click", attempt(async () => say((await call("POST", "invitations")).url)));
attempt(async () => {
  await showAccounts();
  await showEvents();
  byId("content").hidden = false;
})();
