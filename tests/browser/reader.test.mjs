// The reader's rule alone, in Node: `node --test tests/browser/reader.test.mjs`.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// As a data URL: older Nodes take a .js file without a package.json for CommonJS.
const source = await readFile(new URL("../../backend/web/reader.js", import.meta.url), "utf8");
const { Reader, toMarkdown, verifyText } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const content = (section, chunk, more = {}) => ({ type: "content", data: { section, chunk, is_complete: false, ...more } });
const retract = (section, more = {}) => ({ type: "retract", data: { section, reason: "restart", ...more } });

function read(...messages) {
  const reader = new Reader();
  messages.forEach((message, place) => reader.take(`RUN:${place + 1}`, message));
  return reader;
}

test("sections are joined by a blank line in section order, whatever order they came in", () => {
  const reader = read(content(10, "ten"), content(2, "tw"), content(1, "one"), content(2, "o"));
  assert.equal(reader.text(), "one\n\ntwo\n\nten");
});

test("a retract empties its section and no other", () => {
  const reader = read(content(1, "one"), content(2, "bad"), retract(2), content(2, "good"));
  assert.equal(reader.text(), "one\n\ngood");
});

test("a section that was taken back for good leaves no gap", () => {
  assert.equal(read(content(1, "one"), content(2, "bad"), content(3, "three"), retract(2)).text(), "one\n\nthree");
});

test("everything else leaves the text alone", () => {
  const others = ["node_event", "outline", "safety_check", "progress", "facts", "usage", "metadata", "complete", "error", "new_in_v2"];
  const messages = others.map((type) => ({ type, data: { section: 1, chunk: "no", message: "no", title: "no" } }));
  const reader = read(content(1, "one"), ...messages);
  assert.equal(reader.text(), "one");
  assert.equal(reader.terminal.type, "error");
});

test("a derived piece is no part of the text", () => {
  const reader = read(content(1, "one"), content(1, "short", { piece: "M1" }), retract(1, { piece: "R1" }));
  assert.equal(reader.text(), "one");
});

test("a message that comes twice is taken once", () => {
  const reader = new Reader();
  assert.equal(reader.take("RUN:7", content(1, "one")).kind, "append");
  assert.equal(reader.take("RUN:7", content(1, "one")), null);
  assert.equal(reader.take("RUN:3", content(1, "zero")), null);
  assert.equal(reader.take("RUN:12", content(1, "!")).kind, "append");
  assert.equal(reader.text(), "one!");
  assert.equal(reader.lastId, "RUN:12");
});

test("a resumed run is no longer at its end", () => {
  const reader = read({ type: "error", data: { code: "CANCELLED" } });
  reader.goOn();
  assert.equal(reader.terminal, null);
});

test("the text is held against the stored text and its hash", async () => {
  const text = "שלום 🦊\n\nend";
  const sha256 = createHash("sha256").update(text, "utf8").digest("hex");
  const subtle = webcrypto.subtle;
  assert.deepEqual(await verifyText(text, { story_content: text, sha256 }, subtle), { same: true, hashed: true });
  assert.deepEqual(await verifyText(text, { story_content: text, sha256 }, null), { same: true, hashed: false });
  assert.deepEqual(await verifyText(text, { sha256 }, subtle), { same: true, hashed: true });
  assert.deepEqual(await verifyText(`${text} `, { sha256 }, subtle), { same: false, hashed: true });
  assert.deepEqual(await verifyText(text, { sha256 }, null), { same: false, hashed: false });
  assert.deepEqual(await verifyText(`${text} `, { story_content: text, sha256 }, subtle), { same: false, hashed: false });
  const other = createHash("sha256").update("other").digest("hex");
  assert.deepEqual(await verifyText(text, { story_content: text, sha256: other }, subtle), { same: false, hashed: true });
});

test("the Markdown has title, headings and the text as it is", () => {
  const outline = { type: "outline", data: { title: "T", sections: [{ index: 1, title: "A" }, { index: 2, title: "B" }] } };
  const reader = read(outline, content(1, "one"));
  assert.equal(toMarkdown(reader), "# T\n\n## A\n\none\n");
});
