import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./client.mjs";
import { collect, complete, content, frame, json, problem, script, stream, unreachable } from "./scripted.mjs";

const { HashMismatch, Retracted, RunFailed, Storywire, StorywireError, initial, reduce, textOf } = await load("index");
const { sseParser } = await load("sse");

function follow(answers, reading, reconnect) {
  const { options, requests } = script(answers, reconnect);
  return { story: new Storywire(options).follow("R", reading), requests };
}

function start(answers, options = {}, reconnect) {
  const made = script(answers, reconnect);
  return { story: new Storywire(made.options).start("story", { theme: "owls" }, options), requests: made.requests };
}

const whole = stream([content(1, 0, "One"), content(2, 0, " two.", true), complete(3, "One two.")]);

test("story is an iterable, a store and a promise of its end, and no thenable", async () => {
  const { story } = start([whole]);
  assert.equal(story.then, undefined);
  assert.equal((await story.finished()).story_content, "One two.");
  assert.deepEqual((await collect(story)).map((message) => message.seq), [1, 2, 3]);
  assert.deepEqual((await collect(story.text())), ["One", " two."]);
  assert.equal(textOf(story.state()), "One two.");
  assert.equal(story.state().status, "completed");
  assert.equal(story.state().connection, "closed");
  assert.equal(await story.id, "R");
});

test("start is one POST with a key, and later attempts are GETs after the last id", async () => {
  const { story, requests } = start(
    [stream([content(1, 0, "One")]), stream([content(2, 0, " two.", true), complete(3, "One two.")])],
    { parallel: 2, order: "reading" },
  );
  await story.finished();
  const [post, get] = requests;
  assert.equal(post.method, "POST");
  assert.equal(post.url, "http://s/api/v1/story/generate/stream?order=reading");
  assert.deepEqual(JSON.parse(post.body), { theme: "owls", options: { parallel: 2 } });
  assert.match(post.headers["Idempotency-Key"], /^[0-9a-f-]{36}$/);
  assert.equal(get.method, "GET");
  assert.equal(get.url, "http://s/api/v1/runs/R/stream?order=reading");
  assert.equal(get.headers["Last-Event-ID"], "R:1");
});

test("POST without an answer is repeated with its key", async () => {
  const { story, requests } = start([unreachable, unreachable, whole], { idempotencyKey: "k" });
  await story.finished();
  assert.deepEqual(requests.map((request) => [request.method, request.headers["Idempotency-Key"]]), Array(3).fill(["POST", "k"]));
});

test("end without a last message is a break, clean or not", async () => {
  for (const breaks of [false, true]) {
    const rest = stream([content(2, 0, " two.", true), complete(3, "One two.")]);
    const { story } = follow([stream([content(1, 0, "One")], { breaks }), rest]);
    assert.equal((await story.finished()).story_content, "One two.");
  }
});

for (const status of [400, 401, 403, 404, 409, 413, 422]) {
  test(`status ${status} is final`, async () => {
    const { story, requests } = follow([problem(status, "SOME_CODE")]);
    await assert.rejects(story.finished(), { name: "StorywireError", code: "SOME_CODE", status, retryable: false });
    await assert.rejects(collect(story), StorywireError);
    assert.equal(requests.length, 1);
    assert.equal(story.state().connection, "closed");
    assert.equal(story.state().error.code, "SOME_CODE");
  });
}

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`status ${status} is tried again`, async () => {
    const { story, requests } = follow([problem(status, "PASSING"), unreachable, whole]);
    await story.finished();
    assert.equal(requests.length, 3);
  });
}

test("failure that lasts longer than anybody waits is final", async () => {
  const lasting = [
    problem(503, "MODEL_NOT_CONFIGURED"),
    problem(429, "QUOTA_EXCEEDED", { "Retry-After": "3" }),
    problem(429, "RATE_LIMITED", { "Retry-After": "700" }),
  ];
  for (const answer of lasting) await assert.rejects(start([answer]).story.finished(), StorywireError);
});

test("pause is what the service asks for", async () => {
  const { story } = follow([problem(503, "OVERLOADED", { "Retry-After": "60" })]);
  const before = Date.now();
  await new Promise((resolve) => story.subscribe(() => story.state().connection === "waiting" && resolve()));
  const { retryAt, attempt } = story.state();
  assert.equal(attempt, 1);
  assert.ok(retryAt >= before + 60_000 && retryAt <= Date.now() + 66_000);
  story.detach();
});

test("attempts are counted from the last message, and the cursor is kept", async () => {
  const breaks = [1, 2, 3, 4, 5].map((seq) => stream([content(seq, 0, "x")]));
  const { story, requests } = follow([...breaks, stream([]), stream([])], {}, { attempts: 3 });
  await assert.rejects(story.finished(), { code: "UNREACHABLE", retryable: true });
  assert.equal(requests.length, 7);
  assert.equal(story.lastEventId, "R:5");
});

test("token function is called anew for each attempt", async () => {
  const { options, requests } = script([stream([content(1, 0, "One two.", true)]), problem(503, "X"), stream([complete(2, "One two.")])]);
  let calls = 0;
  await new Storywire({ ...options, token: async () => `t${++calls}` }).follow("R").finished();
  assert.deepEqual(requests.map((request) => request.headers.Authorization), ["Bearer t1", "Bearer t2", "Bearer t3"]);
});

test("connection without a byte is given up after the idle time", async () => {
  const { story, requests } = follow([stream([content(1, 0, "One")], { open: true }), stream([content(2, 0, " two.", true), complete(3, "One two.")])], {}, { idleMs: 30 });
  await story.finished();
  assert.equal(requests.length, 2);
  assert.ok(requests[0].signal.aborted);
});

test("messages with an old number are dropped, and a cut frame is not taken", async () => {
  const one = content(1, 0, "One");
  const two = content(2, 0, " two.", true);
  const { story } = follow([stream([one, one, two.slice(0, -1)]), stream([one, two, complete(3, "One two.")])]);
  assert.deepEqual((await collect(story)).map((message) => message.seq), [1, 2, 3]);
});

test("messages of a later version are passed over, and their ids count", async () => {
  const { story, requests } = follow([stream([frame(1, "applause", { loud: true })]), stream([content(2, 0, "One.", true), complete(3, "One.")])]);
  assert.deepEqual((await collect(story)).map((message) => message.type), ["content", "complete"]);
  assert.equal(requests[1].headers["Last-Event-ID"], "R:1");
});

test("text or hash that is not the service's is a mismatch", async () => {
  const lost = follow([stream([content(1, 0, "On", true), complete(2, "One.")])]).story;
  await assert.rejects(lost.finished(), HashMismatch);
  await assert.rejects(collect(lost), HashMismatch);
  const wrong = follow([stream([content(1, 0, "One.", true), complete(2, "One.", "0".repeat(64))])]).story;
  await assert.rejects(wrong.finished(), HashMismatch);
});

test("reader with a cursor is checked by the hash alone", async () => {
  const { story } = follow([stream([content(5, 1, "end.", true), complete(6, "One.\n\nThe end.")])], { after: "R:4" });
  assert.equal((await story.finished()).story_content, "One.\n\nThe end.");
});

test("error ends the messages, rejects the end, and resume goes on from the same id", async () => {
  const error = frame(2, "error", { code: "TIMEOUT", message: "Too long.", retryable: true, resumable: true, partial: {} });
  const { story, requests } = follow([
    stream([content(1, 0, "One"), error]),
    json({ run_id: "R", status: "running" }),
    stream([content(3, 0, " two.", true), complete(4, "One two.")]),
  ]);
  assert.deepEqual((await collect(story)).map((message) => message.type), ["content", "error"]);
  await assert.rejects(story.finished(), (failed) => failed instanceof RunFailed && failed.resumable && failed.runId === "R");
  await assert.rejects(collect(story.text()), RunFailed);
  assert.equal(story.state().status, "failed");
  await story.resume({ budget_usd: 1 });
  assert.equal((await story.finished()).story_content, "One two.");
  assert.deepEqual([requests[1].url, JSON.parse(requests[1].body)], ["http://s/api/v1/runs/R/resume", { budget_usd: 1 }]);
  assert.equal(requests[2].headers["Last-Event-ID"], "R:2");
  assert.equal(story.state().error, undefined);
});

test("detach stops reading only, cancel stops the run", async () => {
  const { story, requests } = follow([stream([content(1, 0, "One")], { open: true }), json({})]);
  const messages = [];
  for await (const message of story) {
    messages.push(message);
    if (messages.length === 1) story.detach();
  }
  await assert.rejects(story.finished(), { code: "DETACHED" });
  assert.equal(requests.length, 1);
  assert.ok(requests[0].signal.aborted);
  assert.equal(story.state().error, undefined);
  await story.cancel();
  assert.deepEqual([requests[1].method, requests[1].url], ["POST", "http://s/api/v1/runs/R/cancel"]);
});

test("signal detaches, also one that was given before", async () => {
  const stop = new AbortController();
  const { story } = follow([stream([content(1, 0, "One")], { open: true })], { signal: stop.signal });
  story.on("content", () => stop.abort());
  await assert.rejects(story.finished(), { code: "DETACHED" });
  const { story: never, requests } = follow([whole], { signal: AbortSignal.abort() });
  await assert.rejects(never.finished(), { code: "DETACHED" });
  assert.equal(requests.length, 0);
});

test("reader who had the last message gets the end from the run", async () => {
  const { createHash } = await import("node:crypto");
  const sha256 = createHash("sha256").update("One.").digest("hex");
  const ended = json({ run_id: "R", status: "completed", result: { story_content: "One.", sha256 }, error: null });
  const { story } = follow([() => new Response(null, { status: 204 }), ended], { after: "R:9" });
  assert.equal((await story.finished()).story_content, "One.");
  assert.deepEqual(await collect(story), []);
});

test("subscribers are called once a frame, and at the end at once", async () => {
  const many = Array.from({ length: 500 }, (_, n) => content(n + 1, 0, "x", n === 499));
  const { story } = follow([stream([...many, complete(501, "x".repeat(500))])]);
  let calls = 0;
  const states = new Set();
  story.subscribe(() => { calls++; states.add(story.state()); });
  await story.finished();
  assert.ok(calls < 20, `${calls} calls`);
  assert.equal(story.state().status, "completed");
  assert.equal(story.state(), story.state());
});

test("handler that throws doesn't break the stream", async () => {
  const thrown = new Promise((resolve) => (globalThis.reportError = resolve));
  const { story } = follow([whole]);
  story.on("content", ({ seq }) => { if (seq === 1) throw new Error("the page's own"); });
  await story.finished();
  assert.equal((await thrown).message, "the page's own");
});

test("text throws when printed text is taken back, and only then", async () => {
  const taken = follow([stream([content(1, 0, "One"), frame(2, "retract", { section: 0, reason: "safety" })], { open: true })]).story;
  await assert.rejects(collect(taken.text()), (error) => error instanceof Retracted && error.section === 0);
  taken.detach();
  const waiting = follow([stream([
    content(1, 0, "One"), content(2, 1, "No.", true), frame(3, "retract", { section: 1, reason: "restart" }),
    content(4, 1, "Two.", true), content(5, 0, ".", true), complete(6, "One.\n\nTwo."),
  ])]).story;
  assert.equal((await collect(waiting.text())).join("|"), "One|.\n\nTwo.");
});

test("list fetches page after page", async () => {
  const { options, requests } = script([
    json({ runs: [{ run_id: "2" }], next_cursor: "c" }),
    json({ runs: [{ run_id: "1" }], next_cursor: null }),
  ]);
  const runs = await collect(new Storywire(options).runs.list({ status: "failed" }));
  assert.deepEqual(runs.map((run) => run.run_id), ["2", "1"]);
  assert.deepEqual(requests.map((request) => request.url), ["http://s/api/v1/runs?status=failed", "http://s/api/v1/runs?status=failed&cursor=c"]);
});

test("resume isn't repeated when its answer was lost, and cancel is", async () => {
  const lost = script([unreachable, json({})]);
  await assert.rejects(new Storywire(lost.options).runs.resume("R"), { code: "UNREACHABLE" });
  assert.equal(lost.requests.length, 1);
  const again = script([unreachable, json({})]);
  await new Storywire(again.options).runs.cancel("R");
  assert.equal(again.requests.length, 2);
});

test("parser takes any division of bytes, any line ends, and long lines in linear time", () => {
  const text = "retry: 7\r\nid: R:1\rdata: a\ndata:b\r\n\r\n: ping\n\nevent: x\nid: R:2\ndata: c\n\nid: R:3\ndata: cut";
  for (const size of [1, 2, 3, 1000]) {
    const frames = [];
    const retries = [];
    const parse = sseParser((one) => frames.push(one), (ms) => retries.push(ms));
    for (let at = 0; at < text.length; at += size) parse(text.slice(at, at + size));
    assert.deepEqual(frames, [{ id: "R:1", event: "message", data: "a\nb" }, { id: "R:2", event: "x", data: "c" }]);
    assert.deepEqual(retries, [7]);
  }
  let length = 0;
  const parse = sseParser((one) => (length = one.data.length), () => {});
  parse("data: ");
  for (let n = 0; n < 200_000; n++) parse("0123456789");
  parse("\n\n");
  assert.equal(length, 2_000_000);
});

test("reducer is pure, and keeps its object where nothing changes", () => {
  const message = (type, data, seq = 1) => ({ id: `R:${seq}`, seq, type, data });
  const planned = reduce(initial, message("outline", { title: "T", sections: [{ index: 0, title: "A" }, { index: 1, title: "B" }] }));
  assert.deepEqual(planned.sections.map((section) => [section.title, section.text]), [["A", ""], ["B", ""]]);
  const frozen = Object.freeze({ ...planned, sections: Object.freeze(planned.sections) });
  const second = reduce(frozen, message("content", { section: 1, chunk: "Two", is_complete: true }));
  assert.equal(textOf(second), "Two");
  const piece = reduce(second, message("content", { section: 0, chunk: "Short", is_complete: false, piece: "__proto__" }));
  assert.equal(textOf(piece), "Two");
  assert.deepEqual(Object.keys(piece.pieces), ["__proto__"]);
  assert.equal(textOf(reduce(piece, message("retract", { section: 1, reason: "safety" }))), "");
  assert.equal(reduce(second, message("metadata", {})), second);
  const waiting = reduce(second, message("input_required", { kind: "outline", payload: {} }));
  assert.equal(waiting.status, "waiting");
  assert.equal(reduce(waiting, message("outline", { title: "T", sections: [] })).status, "running");
  const cancelled = reduce(second, message("error", { code: "CANCELLED", message: "Stopped.", retryable: false, resumable: true }));
  assert.equal(cancelled.status, "cancelled");
  assert.equal(initial.sections.length, 0);
});

test("complete that comes without the text has the text that was read, checked by its hash", async () => {
  const { createHash } = await import("node:crypto");
  const brief = (text) => frame(4, "complete", {
    success: true, run_id: "R", title: "T", sha256: createHash("sha256").update(text).digest("hex"),
    sections: [{ index: 0, title: "A", words: 1 }, { index: 1, title: "B", words: 1 }],
    pieces: [{ name: "M1", title: "Short", words: 1 }],
  });
  const frames = [content(1, 0, "One.", true), content(2, 1, "Two.", true), frame(3, "content", { section: 0, chunk: "S", is_complete: true, piece: "M1" })];
  const { story, requests } = start([stream([...frames, brief("One.\n\nTwo.")])], { complete: "brief" });
  const end = await story.finished();
  assert.equal(end.story_content, "One.\n\nTwo.");
  assert.deepEqual([...end.sections, ...end.pieces].map(({ text }) => text), ["One.", "Two.", "S"]);
  assert.equal((await collect(story)).at(-1).data.story_content, "One.\n\nTwo.");
  assert.match(requests[0].url, /\?complete=brief$/);
  assert.deepEqual(JSON.parse(requests[0].body).options, {});
  await assert.rejects(start([stream([...frames, brief("One.\n\nToo.")])], { complete: "brief" }).story.finished(), HashMismatch);
});

test("reader with a cursor asks for the whole text, which it hasn't", async () => {
  const { story, requests } = follow([stream([content(5, 1, "end.", true), complete(6, "One.\n\nThe end.")])], { after: "R:4", complete: "brief" });
  assert.equal((await story.finished()).story_content, "One.\n\nThe end.");
  assert.doesNotMatch(requests[0].url, /complete/);
});

test("pauses grow to the longest, with jitter, and from what the service asks for", async () => {
  const { Http } = await load("http");
  const http = new Http({ reconnect: { minMs: 500, maxMs: 30_000 } });
  const among = (low, high, attempt, retryMs) => {
    for (let n = 0; n < 50; n++) {
      const delay = http.delay(attempt, undefined, retryMs);
      assert.ok(delay >= low && delay <= high, `${delay} at attempt ${attempt}`);
    }
  };
  among(250, 500, 1);
  among(2_000, 4_000, 4);
  among(15_000, 30_000, 1000);
  among(1_000, 2_000, 1, 2_000);
  assert.ok(new Set(Array.from({ length: 20 }, () => http.delay(3))).size > 1);
});
