// One scenario with a live service, given as JSON; prints what came of it as JSON.
import { load } from "./client.mjs";
import { collect } from "./scripted.mjs";

const { RunFailed, Storywire, textOf } = await load("index");
const { url, scenario, input, options = {}, runId, after, idleMs, token } = JSON.parse(process.argv[2]);
const tokens = { asked: 0 };
const client = new Storywire({
  baseUrl: url,
  reconnect: { minMs: 10, maxMs: 50, ...(idleMs ? { idleMs } : {}) },
  ...(token ? { token: async () => `${token}-${tokens.asked++}` } : {}),
});

async function report(story) {
  const pieces = collect(story.text()).catch(() => null);
  const messages = await collect(story);
  const end = await story.finished();
  return {
    runId: await story.id,
    seqs: messages.map((message) => message.seq),
    ids: messages.map((message) => message.id),
    types: messages.map((message) => message.type),
    text: textOf(story.state()),
    printed: (await pieces)?.join("") ?? null,
    content: end.story_content,
    sha256: end.sha256,
  };
}

const scenarios = {
  read: () => report(client.start("story", input, options)),
  follow: () => report(client.follow(runId, { after })),
  async stop() {
    const story = client.start("story", input, options);
    let cancelling;
    story.on("content", () => (cancelling ??= story.cancel()));
    const failed = await story.finished().catch((error) => error);
    await cancelling;
    const result = { failed: failed instanceof RunFailed && failed.code, status: story.state().status };
    console.log(JSON.stringify({ stopped: await story.id }));
    for await (const line of process.stdin) if (String(line).includes("go on")) break;
    await story.resume();
    return { ...result, ...(await report(story)) };
  },
  async answer() {
    const story = client.start("story", input, { review_outline: true });
    story.on("input_required", ({ data }) => story.answer({ ...data.payload, title: "Another Title" }));
    return { title: (await story.finished()).title, input: story.state().input ?? null };
  },
  async refused() {
    const story = client.start("story", input);
    const { code, status, message } = await story.finished().catch((error) => error);
    return { code, status, message };
  },
  async runs() {
    const ids = [];
    for (let n = 0; n < 2; n++) {
      const story = client.start("story", input);
      await story.finished();
      ids.unshift(await story.id);
    }
    const listed = (await collect(client.runs.list({ status: "completed", format: "story" }))).map((run) => run.run_id);
    const exported = await (await client.runs.export(ids[0], "txt")).text();
    await client.runs.delete(ids[0]);
    const gone = await client.runs.get(ids[0]).catch((error) => error.code);
    return { ids, listed, exported: exported.length, gone };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
process.exit(0);
