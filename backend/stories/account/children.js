// The children of an account, on its page: each with its export, its changes and its deletion, and a form for one more.

import { call, onSubmit, say, signedIn } from "../page.js";
import { attempt, button, byId, make, refill } from "../elements.js";

const path = (id, rest = "") => `children/${encodeURIComponent(id)}${rest}`;

const valuesOf = ({ name, age, reading_level: readingLevel, interests }) => ({
  name,
  age: Number(age),
  reading_level: readingLevel,
  interests: interests.split(",").map((text) => text.trim()).filter(Boolean),
});

function makeChild(child) {
  const { child_id: id, name, age } = child;
  const text = make("span", { dir: "auto" }, `${name}, ${age}${child.consent_at ? "" : " (no consent yet)"}`);
  const link = make("a", { href: `api/v1/${path(id, "/export")}`, "aria-label": `Everything as a file: ${name}` }, "Everything as a file");
  const change = button("Change", () => openChange(item, child, change), name);
  change.setAttribute("aria-expanded", "false");
  const remove = async () => {
    if (!confirm(`Delete ${name} with all stories?`)) return;
    await call("DELETE", path(id, "?chapters=delete"));
    say(`${name} is deleted.`);
    await showChildren();
  };
  const item = make("li", {}, text, link, change, button("Delete", remove, name));
  return item;
}

const readForm = (form) => valuesOf(Object.fromEntries(new FormData(form)));

// What was changed in the form: the rest may have been changed elsewhere meanwhile, and stays.
const changesOf = (before, after) =>
  Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));

// The form for a new child, filled with what is known of this one. Consent that was given stays.
function openChange(item, child, change) {
  const open = item.querySelector("form");
  change.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const form = byId("child").cloneNode(true);
  form.id = "";
  form.reset();
  form.querySelector("h3").textContent = `Change ${child.name}`;
  form.querySelector("button").textContent = "Save";
  const fields = form.elements;
  fields.name.value = child.name;
  fields.age.value = child.age;
  fields.reading_level.value = child.reading_level;
  fields.interests.value = child.interests.join(", ");
  fields.consent.required = false;
  fields.consent.closest("label").hidden = Boolean(child.consent_at);
  const before = readForm(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const consent = fields.consent.checked ? { consent: true } : {};
      await call("PATCH", path(child.child_id), { ...changesOf(before, readForm(form)), ...consent });
      say(`${fields.name.value}: changed. Texts that are written already stay as they are.`);
      await showChildren();
    }, event.submitter);
  });
  item.append(form);
  fields.name.focus();
}

async function showChildren() {
  const { children } = await call("GET", "children?limit=100");
  refill(byId("children"), children.map(makeChild), "No children yet.");
}

onSubmit("child", async (form) => {
  await call("POST", "children", { ...valuesOf(form), consent: form.consent === "on" });
  byId("child").reset();
  say("");
  await showChildren();
});

signedIn.then(() => attempt(showChildren));
