// What an account has, on its page: the links by which others read its texts, everything as a file, and its end.

import { callForFile } from "../static/api.js";
import { saveFile } from "../static/elements.js";
import { attempt, button, byId, call, formatDay, make, onSubmit, refill, say } from "./elements.js";
import { leave, signedIn } from "./page.js";

let shares = [];

function makeShare({ run_id: runId, title, created_at: createdAt, expires_at: expiresAt }) {
  const name = title || "A text without a title";
  const until = expiresAt ? `until ${formatDay(expiresAt)}` : "without an end";
  const link = make("a", { href: `./#run=${encodeURIComponent(runId)}`, dir: "auto" }, name);
  const revoke = async () => {
    await call("DELETE", `runs/${encodeURIComponent(runId)}/share`);
    say(`“${name}”: the link shows nothing any more.`);
    await showShares();
  };
  const times = make("small", {}, `since ${formatDay(createdAt)}, ${until}`);
  return make("li", {}, make("span", {}, link, times), button("Revoke", revoke, name));
}

async function showShares(cursor = null) {
  const page = await call("GET", `shares?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  shares = cursor ? [...shares, ...page.shares] : page.shares;
  refill(byId("shares"), shares.map(makeShare), "Nobody else can read a text of yours.");
  byId("more-shares").hidden = !page.next_cursor;
  byId("more-shares").onclick = () => attempt(() => showShares(page.next_cursor), byId("more-shares"));
}

onSubmit("export", async ({ password }) => {
  say("The file is being made…");
  const { blob } = await callForFile("api/v1/account/export", { password });
  byId("export").reset();
  saveFile(blob, "storywire.ndjson");
  say("Everything is in the file storywire.ndjson, one thing a line.");
});

onSubmit("deletion", async ({ password }) => {
  await call("POST", "account/deletion", { password });
  leave("The account is being deleted, with everything that it had.");
});

signedIn.then(() => attempt(async () => {
  await showShares();
  byId("belongings").hidden = false;
}));
