import assert from "node:assert/strict";
import test from "node:test";
import { load, packaged } from "./client.mjs";
import { complete, content, frame, json, script, stream } from "./scripted.mjs";

const react = (await packaged("react"))?.default;
const renderer = (await packaged("react-test-renderer"))?.default;
const needs = { skip: react && renderer ? false : "no package react" };
globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const quiet = console.error;
console.error = (...told) => String(told[0]).includes("react-test-renderer is deprecated") || quiet(...told);

async function mount(source, options) {
  const { useStory } = await load("react");
  const seen = [];
  function Page({ source: given }) {
    seen.push(useStory(given, options));
    return null;
  }
  let root;
  await react.act(async () => { root = renderer.create(react.createElement(react.StrictMode, null, react.createElement(Page, { source }))); });
  const until = async (holds) => {
    for (let n = 0; n < 400 && !holds(seen.at(-1)); n++) await react.act(() => new Promise((resolve) => setTimeout(resolve, 5)));
    assert.ok(holds(seen.at(-1)), JSON.stringify(seen.at(-1)));
  };
  const show = (next) => react.act(async () => root.update(react.createElement(react.StrictMode, null, react.createElement(Page, { source: next }))));
  const leave = () => react.act(async () => root.unmount());
  return { seen, until, show, leave };
}

test("hook shows a run given by its id, also in strict mode, and detaches when it leaves", needs, async () => {
  const { Storywire } = await load("index");
  const open = () => stream([content(1, 0, "One")], { open: true });
  const { options, requests } = script([open(), open()]);
  const page = await mount("R", { client: new Storywire(options) });
  await page.until((state) => state.sections[0]?.text === "One");
  await page.leave();
  assert.ok(requests.every((request) => request.signal.aborted));
});

test("hook shows a story that is handed in, cancels and resumes it, and leaves it reading", needs, async () => {
  const { Storywire } = await load("index");
  const error = frame(2, "error", { code: "CANCELLED", message: "Stopped.", retryable: false, resumable: true, partial: {} });
  const { options, requests } = script([
    stream([content(1, 0, "One"), error]),
    json({ run_id: "R", status: "running" }),
    stream([content(3, 0, " two.", true), complete(4, "One two.")]),
  ]);
  const story = new Storywire(options).follow("R");
  const page = await mount(story);
  await page.until((state) => state.status === "cancelled");
  await react.act(() => page.seen.at(-1).resume());
  await page.until((state) => state.status === "completed");
  assert.equal(page.seen.at(-1).sections[0].text, "One two.");
  await page.leave();
  assert.equal(requests.length, 3);
});

test("hook renders a long run few times", needs, async () => {
  const { Storywire } = await load("index");
  const many = Array.from({ length: 1000 }, (_, n) => content(n + 1, 0, "x", n === 999));
  const { options } = script([stream([...many, complete(1001, "x".repeat(1000))])]);
  const page = await mount(new Storywire(options).follow("R"), { throttleMs: 20 });
  await page.until((state) => state.status === "completed");
  assert.ok(page.seen.length < 60, `${page.seen.length} renderings`);
});

test("hook without a story shows the beginning", needs, async () => {
  const page = await mount(null);
  assert.equal(page.seen.at(-1).status, "starting");
  await page.seen.at(-1).cancel();
  await page.leave();
});
