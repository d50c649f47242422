// The administration page: accounts with their limits and use, and security events. Nobody's texts are here.

import { attempt, button, byId, call as request, formatDollars, formatTime, formatUse, make, say } from "./elements.js";

const call = (method, path, body) => request(method, `admin/${path}`, body);
const LIMITS = [
  { name: "runs_at_once", label: "Texts at once", step: "1", max: "1000" },
  { name: "runs_a_day", label: "Texts a day", step: "1", max: "1000000" },
  { name: "runs_a_month", label: "Texts a month", step: "1", max: "10000000" },
  { name: "usd_a_month", label: "$ a month", step: "0.01", max: "1000000" },
];

const cell = (label, ...content) => make("td", label ? { "data-label": label } : {}, ...content);

function showAccount(account, row = make("tr")) {
  const path = `accounts/${encodeURIComponent(account.id)}`;
  const name = account.email ?? account.subject ?? account.id;
  const limits = LIMITS.map(({ name: limit, label, step, max }) =>
    make("input", { type: "number", min: step, step, max, name: limit, value: account[limit] ?? "", "aria-label": `${label} of ${name}` }),
  );
  const change = async (values, text) => {
    showAccount(await call("PATCH", path, values), row);
    say(`${name}: ${text}.`);
    await showEvents();
  };
  const save = async () => {
    if (!limits.every((limit) => limit.reportValidity())) return;
    const values = limits.map(({ name: limit, value }) => [limit, value === "" ? null : Number(value)]);
    await change(Object.fromEntries(values), "the limits are changed");
  };
  const used = cell("Used", button("Show", async () => showUse(used, await call("GET", `${path}/usage`)), `use of ${name}`));
  const isActive = account.status === "active";
  const lock = isActive ? { status: "locked" } : { status: "active" };
  const acts = cell(
    "",
    button("Save limits", save, name),
    button(isActive ? "Lock" : "Unlock", () => change(lock, isActive ? "locked" : "unlocked"), name),
    button("Reset link", () => showLink(name, `${path}/reset-link`), name),
  );
  used.className = "used";
  acts.className = "acts";
  row.dataset.account = account.id;
  row.replaceChildren(
    make("th", { scope: "row", dir: "auto" }, account.issuer && !account.email ? `${name} (${account.issuer})` : name),
    cell("Role", account.role),
    cell("Status", account.status),
    ...limits.map((limit, index) => cell(LIMITS[index].label, limit)),
    used,
    acts,
  );
  return row;
}

// A link that works once, with whom or what it is for.
async function showLink(what, path) {
  say(`${what}: ${(await call("POST", path)).url}`);
  await showEvents();
}

function showUse(place, use) {
  const now = `${use.runs_now} of ${use.runs_at_once} now`;
  place.replaceChildren(make("span", {}, `${now}, ${formatUse(use)}, ${formatDollars(use.reserved_usd)} reserved`));
}

// An account's address, with the id that logs have.
function nameOf(id, addresses) {
  if (!id) return [];
  return addresses[id] ? [addresses[id], make("small", {}, id)] : [id];
}

const showEvent = ({ at, kind, owner, subject, actor }, addresses) =>
  make(
    "tr",
    {},
    cell("When", formatTime(at)),
    cell("What", kind.replaceAll("_", " ")),
    ...[["Account", owner], ["About", subject], ["By", actor]].map(([label, id]) => {
      const names = nameOf(id, addresses);
      return names.length ? cell(label, make("span", { dir: "auto" }, ...names)) : make("td");
    }),
  );

async function showEvents(cursor = null) {
  const page = await call("GET", `events?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  const rows = page.events.map((event) => showEvent(event, page.addresses));
  if (cursor) byId("events").append(...rows);
  else byId("events").replaceChildren(...rows);
  byId("more-events").hidden = !page.next_cursor;
  byId("more-events").onclick = () => attempt(() => showEvents(page.next_cursor));
}

async function showAccounts(cursor = null) {
  const page = await call("GET", `accounts?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  byId("accounts").append(...page.accounts.map((account) => showAccount(account)));
  byId("more-accounts").hidden = !page.next_cursor;
  byId("more-accounts").onclick = () => attempt(() => showAccounts(page.next_cursor));
}

byId("invite").addEventListener("click", () =>
  attempt(() => showLink("Invitation", "invitations"), byId("invite")),
);
attempt(async () => {
  await showAccounts();
  await showEvents();
  byId("content").hidden = false;
});
