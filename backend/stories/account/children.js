// The children of an account, on its page: each with its export and its deletion, and a form for one more.

import { call, onSubmit, say, signedIn } from "../page.js";

function makeChild({ child_id: id, name, age, consent_at: consentAt }) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  text.dir = "auto";
  text.textContent = `${name}, ${age}` + (consentAt ? "" : " (no consent yet)");
  const link = document.createElement("a");
  link.href = `api/v1/children/${encodeURIComponent(id)}/export`;
  link.textContent = "Everything as a file";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet";
  button.textContent = "Delete";
  button.addEventListener("click", async () => {
    if (!confirm(`Delete ${name} with all stories?`)) return;
    await call("DELETE", `children/${encodeURIComponent(id)}?chapters=delete`).then(showChildren, (error) => say(error.message));
  });
  item.append(text, " ", link, " ", button);
  return item;
}

async function showChildren() {
  const { children } = await call("GET", "children?limit=100");
  document.getElementById("children").replaceChildren(...children.map(makeChild));
}

onSubmit("child", async (form) => {
  const interests = form.interests.split(",").map((text) => text.trim()).filter(Boolean);
  await call("POST", "children", { name: form.name, age: Number(form.age), interests, consent: form.consent === "on" });
  document.getElementById("child").reset();
  say("");
  await showChildren();
});

signedIn.then(showChildren).catch((error) => say(error.message));
