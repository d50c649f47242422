import assert from "node:assert/strict";
import test from "node:test";
import { load, packaged } from "./client.mjs";
import { chatState, collect, complete, content, frame, script, stream } from "./scripted.mjs";

const { StorywireChatTransport, storyChunks } = await load("ai");
const { Storywire } = await load("index");
const ai = await packaged("ai");
const outline = (seq) => frame(seq, "outline", { title: "T", sections: [{ index: 0, title: "A" }, { index: 1, title: "B" }] });
const started = frame(1, "node_event", { node: "workflow", status: "started" });

function memory() {
  const kept = new Map();
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
}

function chat(answers, options = {}) {
  const made = script(answers);
  const transport = new StorywireChatTransport({ ...made.options, format: "story", memory: memory(), ...options });
  class Chat extends ai.AbstractChat {
    constructor() {
      super({ id: "c1", transport, state: chatState() });
    }
  }
  return { chat: new Chat(), requests: made.requests };
}

const textOf = (message) => message.parts.filter((part) => part.type === "text").map((part) => part.text).filter(Boolean).join("\n\n");
const needs = { skip: ai ? false : "no package ai" };

test("chat reads a story over breaks and never sees one", needs, async () => {
  const { chat: one, requests } = chat([
    stream([started, outline(2), content(3, 0, "One")]),
    stream([content(4, 1, "Two.", true)], { breaks: true }),
    stream([content(5, 0, ".", true), complete(6, "One.\n\nTwo.")]),
  ]);
  await one.sendMessage({ text: "owls" });
  assert.equal(one.status, "ready");
  assert.equal(textOf(one.messages.at(-1)), "One.\n\nTwo.");
  assert.deepEqual(JSON.parse(requests[0].body), { theme: "owls", options: {} });
  assert.match(requests[0].headers["Idempotency-Key"], /^c1:/);
  assert.equal(one.messages.at(-1).metadata.title, "T");
});

test("text that is taken back disappears from the chat, in the middle and after later sections", needs, async () => {
  const { chat: one } = chat([stream([
    started, outline(2), content(3, 0, "No.", true), content(4, 1, "Tw"),
    frame(5, "retract", { section: 0, reason: "safety" }), content(6, 0, "One.", true),
    content(7, 1, "o."), frame(8, "retract", { section: 1, reason: "restart" }), content(9, 1, "Two.", true),
    complete(10, "One.\n\nTwo."),
  ])]);
  await one.sendMessage({ text: "owls" });
  assert.equal(one.error, undefined);
  assert.equal(textOf(one.messages.at(-1)), "One.\n\nTwo.");
});

test("failed run is the chat's error, and its text stays", needs, async () => {
  const error = frame(4, "error", { code: "TIMEOUT", message: "Too long.", retryable: true, resumable: true, partial: {} });
  const { chat: one } = chat([stream([started, outline(2), content(3, 0, "One"), error])]);
  await one.sendMessage({ text: "owls" });
  assert.equal(one.status, "error");
  assert.equal(one.error.message, "Too long.");
  assert.equal(textOf(one.messages.at(-1)), "One");
});

test("reload finds the run of a chat, and a finished one is forgotten", async () => {
  const kept = memory();
  const first = script([stream([started, outline(2), content(3, 0, "One")], { open: true })]);
  const transport = new StorywireChatTransport({ ...first.options, format: "story", memory: kept });
  const message = { id: "u", role: "user", parts: [{ type: "data-input", data: { theme: "x" } }] };
  const chunks = await transport.sendMessages({ chatId: "c", messages: [message], trigger: "submit-message" });
  await chunks.cancel();
  const second = script([stream([started, outline(2), content(3, 0, "One.", true), complete(4, "One.")])]);
  const reloaded = new StorywireChatTransport({ ...second.options, format: "story", memory: kept });
  const types = (await collect(await reloaded.reconnectToStream({ chatId: "c" }))).map((chunk) => chunk.type);
  assert.deepEqual([types[0], types.at(-1)], ["start", "finish"]);
  assert.equal(await reloaded.reconnectToStream({ chatId: "c" }), null);
});

test("storage that is full or forbidden is done without", async () => {
  const forbidden = { getItem() { throw new Error("no"); }, setItem() { throw new Error("no"); }, removeItem() { throw new Error("no"); } };
  const { options } = script([stream([started, content(2, 0, "One.", true), complete(3, "One.")])]);
  const transport = new StorywireChatTransport({ ...options, format: "story", memory: forbidden });
  const message = { id: "u", role: "user", parts: [{ type: "text", text: "owls" }] };
  const chunks = await collect(await transport.sendMessages({ chatId: "c", messages: [message], trigger: "submit-message" }));
  assert.equal(chunks.at(-1).type, "finish");
});

test("every chunk is one that the AI SDK accepts", needs, async () => {
  const frames = [
    started, outline(2), frame(3, "progress", { percent: 1, words: 1, target_words: 2, message: "" }),
    frame(4, "usage", { model: "m", input_tokens: 1, output_tokens: 1 }), content(5, 0, "One.", true),
    frame(6, "content", { section: 0, chunk: "Short.", is_complete: true, piece: "M1" }),
    frame(7, "retract", { section: 0, reason: "revision" }), content(8, 0, "One.", true), complete(9, "One."),
  ];
  const { options } = script([stream(frames)]);
  const chunks = await collect(storyChunks(new Storywire(options).follow("R")));
  const schema = ai.asSchema(ai.uiMessageChunkSchema);
  for (const chunk of chunks) assert.ok((await schema.validate(chunk)).success, JSON.stringify(chunk));
});
