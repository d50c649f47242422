import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { Storywire } from "./client.ts";
import { StorywireError } from "./errors.ts";
import type { Options } from "./http.ts";
import type { Message, RunOptions } from "./messages.ts";
import { initial, reduce, type State } from "./state.ts";
import type { Story } from "./story.ts";

/** Where the runs of chats are remembered, so that a reload finds them. */
export interface RunMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface TransportOptions<M extends UIMessage> extends Options {
  /** A format, by its name or path. */
  format: string;
  /** The format's input of a chat; by default what the last user message has as `data-input`, else its text. */
  input?: (messages: M[]) => Record<string, unknown>;
  /** Options of every run. */
  run?: RunOptions;
  /** What the chat's stop does: `detach` stops reading, and the run goes on; `cancel` stops the run. */
  stop?: "detach" | "cancel";
  /** By default the page's session storage; where it is forbidden or full, this object alone. */
  memory?: RunMemory;
}

/**
 * A transport of the AI SDK (version 7): `useChat({ transport })`. Broken connections are made anew inside the one
 * stream that the chat reads, so that it never sees a break.
 */
export class StorywireChatTransport<M extends UIMessage = UIMessage> implements ChatTransport<M> {
  readonly #client: Storywire;
  readonly #options: TransportOptions<M>;
  readonly #runs = new Map<string, string>();

  constructor(options: TransportOptions<M>) {
    this.#options = options;
    this.#client = new Storywire(options);
  }

  sendMessages: ChatTransport<M>["sendMessages"] = async ({ chatId, messages, trigger, abortSignal }) => {
    const user = messages.findLast((message) => message.role === "user");
    const idempotencyKey = trigger === "submit-message" && user ? `${chatId}:${user.id}` : undefined;
    const input = (this.#options.input ?? this.#lastInput)(messages);
    const story = this.#client.start(this.#options.format, input, { ...this.#options.run, idempotencyKey });
    this.#remember(chatId, await story.id);
    return this.#stream(chatId, story, abortSignal);
  };

  reconnectToStream: ChatTransport<M>["reconnectToStream"] = async ({ chatId }) => {
    const runId = this.#recall(chatId);
    return runId === null ? null : this.#stream(chatId, this.#client.follow(runId));
  };

  #lastInput = (messages: M[]): Record<string, unknown> => {
    const parts = messages.findLast((message) => message.role === "user")?.parts ?? [];
    for (const part of parts) {
      if (part.type === "data-input") return (part as { data: Record<string, unknown> }).data;
    }
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    return { [/^stor(y|ies)$/.test(this.#options.format) ? "theme" : "topic"]: text };
  };

  #stream(chatId: string, story: Story, abortSignal?: AbortSignal): ReadableStream<UIMessageChunk> {
    const stop = () => {
      if (this.#options.stop === "cancel") story.cancel().catch(() => {});
      story.detach();
    };
    if (abortSignal?.aborted) stop();
    else abortSignal?.addEventListener("abort", stop, { once: true });
    const chunks = storyChunks(story);
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (!done) return controller.enqueue(value);
        if (["completed", "failed", "cancelled"].includes(story.state().status)) this.#forget(chatId);
        controller.close();
      },
      cancel: () => story.detach(),
    });
  }

  #remember(chatId: string, runId: string): void {
    this.#runs.set(chatId, runId);
    try {
      this.#memory()?.setItem(key(chatId), runId);
    } catch {
      // Full or forbidden: this object remembers.
    }
  }

  #recall(chatId: string): string | null {
    try {
      return this.#runs.get(chatId) ?? this.#memory()?.getItem(key(chatId)) ?? null;
    } catch {
      return null;
    }
  }

  #forget(chatId: string): void {
    this.#runs.delete(chatId);
    try {
      this.#memory()?.removeItem(key(chatId));
    } catch {
      // There is none.
    }
  }

  #memory(): RunMemory | undefined {
    return this.#options.memory ?? (globalThis as { sessionStorage?: RunMemory }).sessionStorage;
  }
}

/**
 * A story as chunks of the AI SDK's UI message stream: a text part for each section, in reading order, with the section
 * in `providerMetadata.storywire`. Text that is taken back resets the step, and what is left is told again.
 */
export async function* storyChunks(story: AsyncIterable<Message>): AsyncGenerator<UIMessageChunk> {
  const told = new Told();
  try {
    for await (const message of story) yield* told.take(message);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const code = error instanceof StorywireError ? error.code : "UNKNOWN";
    yield { type: "data-error", id: "error", data: { code, message: text } };
    yield { type: "error", errorText: text };
  }
}

const KEPT = new Set(["usage", "safety_check", "facts", "metadata", "input_required"]);

/** What the chat was told so far: the open parts, and the data that a reset must repeat. */
class Told {
  #state: State = initial;
  #started = false;
  readonly #open = new Set<number>();
  readonly #opened = new Set<number>();
  readonly #pieces = new Map<string, string>();
  readonly #data = new Map<string, unknown>();

  *take(message: Message): Generator<UIMessageChunk> {
    const runId = message.id.slice(0, message.id.lastIndexOf(":"));
    if (!this.#started) {
      this.#started = true;
      yield { type: "start", messageId: `msg_${runId}`, messageMetadata: { runId } };
      yield { type: "start-step" };
    }
    this.#state = reduce(this.#state, message);
    switch (message.type) {
      case "outline":
        yield* this.#keep("outline", message.data);
        for (const section of this.#state.sections) yield* this.#start(section.index);
        break;
      case "content":
        yield* this.#content(message.data);
        break;
      case "retract":
        if (message.data.piece == null) yield* this.#reset();
        else this.#pieces.delete(message.data.piece);
        break;
      case "progress":
        yield { type: "data-progress", id: "progress", data: message.data, transient: true };
        break;
      case "complete": {
        yield* this.#close();
        const { title, sha256 } = message.data;
        yield { type: "finish", finishReason: "stop", messageMetadata: { runId, title, sha256 } };
        break;
      }
      case "error":
        yield* this.#close();
        yield { type: "data-error", id: "error", data: message.data };
        yield { type: "error", errorText: message.data.message };
        break;
      default:
        if (KEPT.has(message.type)) yield* this.#keep(message.type, message.data);
    }
  }

  *#content(data: Extract<Message, { type: "content" }>["data"]): Generator<UIMessageChunk> {
    if (data.piece != null) {
      const text = (this.#pieces.get(data.piece) ?? "") + data.chunk;
      this.#pieces.set(data.piece, text);
      if (data.is_complete) yield* this.#keep(`piece-${data.piece}`, { text });
      return;
    }
    yield* this.#start(data.section);
    if (data.chunk) yield { type: "text-delta", id: `s${data.section}`, delta: data.chunk };
    if (data.is_complete) yield* this.#end(data.section);
  }

  *#start(section: number): Generator<UIMessageChunk> {
    if (this.#opened.has(section)) return;
    this.#opened.add(section);
    this.#open.add(section);
    yield { type: "text-start", id: `s${section}`, providerMetadata: { storywire: { section } } };
  }

  *#end(section: number): Generator<UIMessageChunk> {
    if (this.#open.delete(section)) yield { type: "text-end", id: `s${section}` };
  }

  *#keep(name: string, data: unknown): Generator<UIMessageChunk> {
    this.#data.set(name, data);
    yield { type: `data-${name}`, id: name, data };
  }

  *#reset(): Generator<UIMessageChunk> {
    yield { type: "reset-step" } as UIMessageChunk;
    this.#open.clear();
    this.#opened.clear();
    for (const [name, data] of this.#data) yield { type: `data-${name}`, id: name, data };
    for (const { index, text, complete } of this.#state.sections) {
      yield* this.#start(index);
      if (text) yield { type: "text-delta", id: `s${index}`, delta: text };
      if (complete) yield* this.#end(index);
    }
  }

  *#close(): Generator<UIMessageChunk> {
    for (const section of [...this.#open]) yield* this.#end(section);
    yield { type: "finish-step" };
  }
}

function key(chatId: string): string {
  return `storywire:${chatId}`;
}
