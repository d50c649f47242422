// LangGraph's own stream controller, of which `useStream` is made, reading the service's events: told frames, or a live
// service.
import { readFileSync } from "node:fs";
import { packaged } from "./client.mjs";

const { StreamController } = await packaged("@langchain/langgraph-sdk/stream");
const { Client, HttpAgentServerAdapter, ProtocolSseTransportAdapter } = await packaged("@langchain/langgraph-sdk");
const given = JSON.parse(readFileSync(0, "utf8"));
const QUESTION = { type: "human", id: "u1", content: "owls" };

const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });
const textOf = ({ content }) => (typeof content === "string" ? content : content.map(({ text }) => text ?? "").join(""));

function report(controller, more = {}) {
  const { messages, values, error, isLoading, interrupts, threadId } = controller.rootStore.getSnapshot();
  const own = messages.filter((message) => message.getType() === "ai");
  const sections = {};
  for (const message of own) if (textOf(message)) sections[message.id.slice(message.id.lastIndexOf(":s") + 2)] = textOf(message);
  return {
    threadId, sections, isLoading, interrupts, outline: values.outline ?? null, error: error ? String(error.message ?? error) : null,
    order: own.map(({ id }) => Number(id.slice(id.lastIndexOf(":s") + 2))),
    shown: own.map(textOf).filter(Boolean).join("\n\n"),
    asked: messages.filter((message) => message.getType() === "human").map(({ id }) => id),
    ...more,
  };
}

async function until(holds, ms = 40_000) {
  for (const end = Date.now() + ms; !holds(); ) {
    if (Date.now() > end) throw new Error("it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 20)); // what the controller does a moment later
}

/** A reader that is sent these streams one after another: the last stays open. */
async function readTold({ state, streams, last }) {
  const left = [...streams];
  let seen = false;
  const fetch = async (url, { method, body }) => {
    if (method === "GET") return state ? json(state) : json({}, 404);
    if (url.endsWith("/history")) return json([]);
    if (url.endsWith("/commands")) return json({ type: "success", id: JSON.parse(body).id, result: { run_id: "01RUN" }, meta: { applied_through_seq: 0 } });
    const isPump = JSON.parse(body).channels.includes("messages");
    const text = isPump ? left.shift() : undefined;
    const stream = new ReadableStream({
      start(controller) {
        if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
        if (isPump && left.length > 0) controller.error(new TypeError("terminated"));
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  };
  const transport = new ProtocolSseTransportAdapter({ apiUrl: "http://x", threadId: "t1", fetch, reconnectDelayMs: () => 0 });
  const client = new Client({ apiUrl: "http://x", callerOptions: { fetch, maxRetries: 0 } });
  const controller = new StreamController({ assistantId: "story", client, transport, threadId: "t1" });
  const release = controller.activate();
  await controller.hydrationPromise;
  if (!state) void controller.submit({ messages: [QUESTION] });
  const stop = controller.subscribeThread((thread) => thread?.onEvent((event) => (seen ||= event.event_id === last)));
  if (last && (!state || state.next.length > 0)) await until(() => seen);
  stop();
  const found = report(controller);
  release();
  return found;
}

function connect(threadId, events = []) {
  const client = new Client({ apiUrl: given.url, callerOptions: { maxRetries: 0 }, apiKey: null });
  const transport = new HttpAgentServerAdapter({ apiUrl: given.url, threadId });
  const controller = new StreamController({ assistantId: "story", client, transport, threadId });
  controller.activate();
  controller.subscribeThread((thread) => thread?.onEvent(({ method, params }) => events.push(method === "custom" ? params.data.name : method)));
  return controller;
}

async function stateOf(thread) {
  const reply = await fetch(`${given.url}/threads/${thread}/state`);
  return reply.status === 404 ? null : reply.json();
}

async function isComplete(controller) {
  const { error, isLoading, threadId } = controller.rootStore.getSnapshot();
  if (error || isLoading) return false;
  const state = await stateOf(threadId).catch(() => null);
  return state !== null && state.next.length === 0;
}

/** The steps of a page with a live service. */
async function readLive() {
  const found = [];
  const events = [];
  let controller = connect(given.thread, events);
  const configurable = { options: given.options ?? {} };
  for (const step of given.steps) {
    const sent = { messages: [{ ...QUESTION, id: `u${found.length + 1}` }], ...given.input };
    if (step === "submit") {
      await controller.submit(sent, { config: { configurable } });
      // A command that was cut off is sent again as it was; a page that lost its stream for good is loaded again.
      while (given.again && !(await isComplete(controller))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const { error, isLoading } = controller.rootStore.getSnapshot();
        if (isLoading && !error) continue;
        const state = await stateOf(given.thread).catch(() => undefined);
        if (state === null) await controller.submit(sent, { config: { configurable } });
        else if (state) {
          await controller.dispose();
          controller = connect(given.thread, events);
          await controller.hydrationPromise.catch(() => {});
        }
      }
    }
    if (step === "begin") {
      void controller.submit(sent, { config: { configurable } });
      await until(() => controller.rootStore.getSnapshot().messages.some((message) => message.getType() === "ai" && textOf(message)));
    }
    if (step === "whole") {
      const { values } = await stateOf(controller.rootStore.getSnapshot().threadId);
      const whole = values.messages.filter(({ type }) => type === "ai").map(({ content }) => content).join("\n\n");
      const isShown = () => report(controller).shown === whole;
      const isLost = () => given.again && (controller.rootStore.getSnapshot().error || !controller.rootStore.getSnapshot().isLoading);
      for (let loads = 0; loads < 10 && !isShown(); loads++) {
        await until(() => isShown() || isLost());
        if (isShown()) break;
        await controller.dispose(); // its streams broke for good while the run ended: the page is loaded again
        controller = connect(given.thread, events);
        await controller.hydrationPromise.catch(() => {});
      }
      await until(isShown);
      found.pop();
    }
    if (step === "stop") await controller.stop();
    if (step === "approve") await controller.respond(true);
    if (step === "settle") while (!(await isComplete(controller))) await new Promise((resolve) => setTimeout(resolve, 20));
    if (step === "load") {
      const { threadId } = controller.rootStore.getSnapshot();
      await controller.dispose();
      controller = connect(given.thread ?? threadId, events);
      await controller.hydrationPromise;
    }
    if (step === "tell") {
      console.log(JSON.stringify(report(controller)));
      continue;
    }
    const run = given.again ? (await stateOf(given.thread)).metadata.run_id : undefined;
    found.push(report(controller, { events: [...new Set(events)], run }));
  }
  return found;
}

const found = given.readers ? await Promise.all(given.readers.map(readTold)) : await readLive();
process.stdout.write(JSON.stringify(found), () => process.exit(0));
