// AG-UI's own agent, reading the service's events: told frames, or a live service. What it warns of is a fault too.
import { readFileSync } from "node:fs";
import { packaged } from "./client.mjs";

const { HttpAgent } = await packaged("@ag-ui/client");
const given = JSON.parse(readFileSync(0, "utf8"));
const warnings = [];
// The client reports a cut twice: by the run's promise, and by one that nobody can catch. A browser logs that.
process.on("unhandledRejection", () => {});
console.warn = (...said) => warnings.push(said.join(" "));

const asked = (text) => ({ id: "u1", role: "user", content: text });

function agentOver(config) {
  return new HttpAgent({ threadId: given.thread ?? "t1", initialMessages: [asked(given.text ?? "owls")], ...config });
}

/** One run of the agent, to its end or its break. */
async function run(agent, parameters) {
  const seen = { types: [], outcome: null, interrupts: [], result: null, error: null, custom: {} };
  const subscriber = {
    onEvent: ({ event }) => void seen.types.push(event.type),
    onCustomEvent: ({ event }) => void (seen.custom[event.name] = event.value),
    onRunErrorEvent: ({ event }) => void (seen.error = event.message),
    onRunFinishedEvent: ({ event, outcome, interrupts, result }) =>
      void Object.assign(seen, { outcome, interrupts: interrupts ?? [], result, runId: event.runId, metadata: event.metadata }),
  };
  try {
    await agent.runAgent(parameters, subscriber);
  } catch (error) {
    seen.broke = String(error);
  }
  const own = agent.messages.filter(({ role }) => role === "assistant");
  const sections = {};
  for (const { metadata, content } of own) if (content) sections[metadata["storywire.section"]] = content;
  return {
    ...seen, sections, warnings: warnings.splice(0), state: agent.state,
    order: own.map(({ metadata }) => metadata["storywire.section"]),
    shown: own.map(({ content }) => content).filter(Boolean).join("\n\n"),
    others: agent.messages.filter(({ role }) => role !== "assistant").map(({ id }) => id),
  };
}

/** Each reader's streams one after another, as an agent is sent them that runs again after each break. */
async function readTold() {
  const results = [];
  for (const bodies of given.readers) {
    const left = [...bodies];
    const fetch = async () => new Response(left.shift(), { headers: { "content-type": "text/event-stream" } });
    const agent = agentOver({ url: "http://x/agent", fetch });
    let found;
    while (left.length > 0) found = await run(agent, { runId: "r1" });
    results.push(found);
  }
  return results;
}

/** Runs until one ends, as a page does that tries again after every break. */
async function readLive() {
  const agent = agentOver({ url: given.url });
  const found = [];
  for (const parameters of given.runs) {
    let last;
    do {
      last = await run(agent, parameters);
      found.push(last);
      if (last.broke && given.again) await new Promise((resolve) => setTimeout(resolve, 50));
    } while (last.broke && given.again);
  }
  return found;
}

const found = given.readers ? await readTold() : await readLive();
process.stdout.write(JSON.stringify(found), () => process.exit(0));
