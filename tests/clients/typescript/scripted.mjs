// A service that is scripted answer by answer, as a `fetch`.
import { createHash } from "node:crypto";

export function frame(seq, type, data, run = "R") {
  return `id: ${run}:${seq}\nevent: story_chunk\ndata: ${JSON.stringify({ type, data })}\n\n`;
}

export function content(seq, section, chunk, is_complete = false) {
  return frame(seq, "content", { section, chunk, is_complete });
}

export function complete(seq, text, sha256 = createHash("sha256").update(text).digest("hex")) {
  return frame(seq, "complete", { success: true, run_id: "R", title: "T", story_content: text, sha256 });
}

/** A stream of these pieces of bytes or text; it ends cleanly, breaks (`{ breaks: true }`) or stays open. */
export function stream(pieces, { breaks = false, open = false, headers = {} } = {}) {
  return (signal) => {
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
        if (breaks) setTimeout(() => controller.error(new TypeError("terminated")), 5);
        else if (!open) controller.close();
        signal?.addEventListener("abort", () => { try { controller.error(signal.reason); } catch {} });
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream", "X-Run-Id": "R", ...headers } });
  };
}

export function problem(status, code, headers = {}) {
  return () => new Response(JSON.stringify({ code, detail: `${code} it is` }), { status, headers });
}

export function json(value, status = 200) {
  return () => new Response(JSON.stringify(value), { status });
}

export const unreachable = () => { throw new TypeError("fetch failed"); };

/** Options of a client whose requests get these answers, and the requests that it made. */
export function script(answers, reconnect = {}) {
  const left = [...answers];
  const requests = [];
  return {
    requests,
    options: {
      baseUrl: "http://s",
      reconnect: { minMs: 1, maxMs: 2, ...reconnect },
      fetch: async (url, init) => {
        requests.push({ url, ...init });
        const answer = left.shift();
        if (!answer) return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal.reason)));
        return answer(init.signal);
      },
    },
  };
}

export async function collect(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The state of a chat of the AI SDK, kept in a variable. */
export function chatState() {
  let messages = [];
  return {
    status: "ready", error: undefined,
    get messages() { return messages; },
    set messages(all) { messages = all; },
    pushMessage: (message) => (messages = [...messages, message]),
    popMessage: () => (messages = messages.slice(0, -1)),
    replaceMessage: (index, message) => (messages = messages.with(index, message)),
    snapshot: structuredClone,
  };
}
