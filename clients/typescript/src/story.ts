import { HashMismatch, StorywireError } from "./errors.ts";
import { type Call, type Http, isRetryable, pause } from "./http.ts";
import { type Complete, type Message, MESSAGE_TYPES } from "./messages.ts";
import { type Caps, path, type Runs } from "./runs.ts";
import { sseParser } from "./sse.ts";
import { initial, reduce, type State, textOf, withText } from "./state.ts";
import { textPieces } from "./text.ts";

/** How a stream is read. Come back with `after` and the same order and granularity that it was got with. */
export interface Reading {
  /** An id from `lastEventId`: what came up to it isn't sent again. */
  after?: string;
  order?: "live" | "reading";
  granularity?: "token" | "sentence" | "section";
  /**
   * `brief`: the service leaves the text out of the last message, and it is put in from what was read. A reader with a
   * cursor gets it whole, and so does a page that has no SHA-256 to check it with.
   */
  complete?: "full" | "brief";
  /** Detaches when it is given. */
  signal?: AbortSignal;
}

export interface StoryParts {
  http: Http;
  runs: Runs;
  reading: Reading;
  /** A run that is there; without it, the request that starts one. */
  runId?: string;
  start?: Call;
}

type Handler = (message: never) => void;
// A connection that lived so long was a good one, though nothing was said on it.
const STEADY_MS = 5_000;

/**
 * A run as it is read: an async iterable of its messages, a store of its state, and a promise of its end. It begins to
 * read at once, and goes on over any number of breaks until the run ends or `detach` is called.
 */
export class Story implements AsyncIterable<Message> {
  readonly id: Promise<string>;
  #runId?: string;
  #gotId!: (id: string) => void;
  #noId!: (error: unknown) => void;
  readonly #parts: StoryParts;
  readonly #http: Http;
  readonly #messages: Message[] = [];
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #listeners = new Set<(now: boolean) => void>();
  #state: State = { ...initial, connection: "connecting" };
  #lastEventId: string | null;
  #lastSeq: number;
  #retryMs?: number;
  #news = deferred<void>();
  #end = deferred<Complete>();
  #failure?: unknown;
  #stop = new AbortController();

  constructor(parts: StoryParts) {
    this.#parts = parts;
    this.#http = parts.http;
    this.id = new Promise((resolve, reject) => ([this.#gotId, this.#noId] = [resolve, reject]));
    this.id.catch(() => {});
    this.#lastEventId = parts.reading.after ?? null;
    this.#lastSeq = parts.reading.after ? seqOf(parts.reading.after) : -1;
    if (parts.runId !== undefined) this.#setId(parts.runId);
    const { signal } = parts.reading;
    if (signal?.aborted) this.detach();
    else signal?.addEventListener("abort", () => this.detach(), { once: true });
    queueMicrotask(() => this.#run());
  }

  get #over(): boolean {
    return this.#stop.signal.aborted;
  }

  /** The id of the last message: keep it, and go on from it with `follow(id, { after })`. */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  /** Each message once, in order, from the first that this story read. Ends after the run's last message. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (let next = 0; ; ) {
      const message = this.#messages[next];
      if (message) {
        next++;
        yield message;
      } else if (this.#over) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      } else {
        await this.#news.promise;
      }
    }
  }

  /**
   * The story's text in reading order, as it can be printed. Throws Retracted if printed text is taken back, and
   * RunFailed if the run ends with an error.
   */
  text(): AsyncGenerator<string> {
    return textPieces(this, this.#parts.reading.after === undefined);
  }

  /** The state now: the same object until something changes. */
  state(): State {
    return this.#state;
  }

  /** Calls back after changes, at most once a frame (or every so many milliseconds). Returns how to stop it. */
  subscribe(onChange: () => void, throttleMs?: number): () => void {
    let cancel: (() => void) | undefined;
    const listener = (now: boolean) => {
      if (now) {
        cancel?.();
        cancel = undefined;
        onChange();
      } else {
        cancel ??= later(() => {
          cancel = undefined;
          onChange();
        }, throttleMs);
      }
    };
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      cancel?.();
    };
  }

  /** Calls back for each message of a type that comes from now on. */
  on<T extends Message["type"]>(type: T, handler: (message: Extract<Message, { type: T }>) => void): this {
    if (!this.#handlers.has(type)) this.#handlers.set(type, new Set());
    this.#handlers.get(type)!.add(handler as Handler);
    return this;
  }

  /** The finished result, its text checked against its hash. Rejects with RunFailed, HashMismatch or StorywireError. */
  finished(): Promise<Complete> {
    return this.#end.promise;
  }

  /** Stops the run, for everyone. The story reads on to its last message. */
  async cancel(): Promise<void> {
    await this.#parts.runs.cancel(await this.id);
  }

  /** Answers `input_required` with the outline as edited. */
  async answer(outline: unknown): Promise<void> {
    await this.#parts.runs.answer(await this.id, outline);
  }

  /** Goes on with a run that failed or was cancelled, from the last message read. */
  async resume(caps?: Caps): Promise<void> {
    await this.#parts.runs.resume(await this.id, caps);
    if (!this.#over) return;
    if (this.#messages.at(-1)?.type === "error") this.#messages.pop();
    this.#failure = undefined;
    this.#end = deferred();
    this.#stop = new AbortController();
    this.#change({ ...this.#state, connection: "connecting", status: "running", error: undefined });
    void this.#run();
  }

  /** Stops reading; the run goes on. */
  detach(): void {
    this.#close(new StorywireError("DETACHED", "the story was detached before its end", { runId: this.#runId }), true);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const before = this.#lastSeq;
      const began = Date.now();
      let error: unknown;
      try {
        this.#change({ ...this.#state, connection: "connecting", attempt: attempt - 1, retryAt: undefined });
        await this.#connect();
      } catch (caught) {
        error = caught;
        if (signal.aborted) return;
        if (caught instanceof StorywireError && !isRetryable(caught)) return this.#close(caught);
      }
      if (signal.aborted) return;
      if (this.#lastSeq > before || (!error && Date.now() - began > STEADY_MS)) attempt = 1;
      if (attempt >= this.#http.reconnect.attempts) return this.#close(gaveUp(error, this.#runId));
      const delay = this.#http.delay(attempt, error, this.#retryMs);
      this.#change({ ...this.#state, connection: "waiting", attempt, retryAt: Date.now() + delay });
      await pause(delay, signal);
    }
  }

  // Reads one connection to its end. Returning without the run's last message is a break.
  async #connect(): Promise<void> {
    const connection = new AbortController();
    const abort = () => connection.abort();
    const { signal } = this.#stop;
    signal.addEventListener("abort", abort);
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const touch = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(abort, this.#http.reconnect.idleMs);
    };
    try {
      touch();
      const response = await this.#http.send({ ...this.#request(), signal: connection.signal });
      const runId = response.headers.get("X-Run-Id");
      if (runId) this.#setId(runId);
      if (response.status === 204) return await this.#lookUpEnd();
      this.#change({ ...this.#state, connection: "open" });
      await this.#read(response, touch);
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", abort);
      connection.abort();
    }
  }

  async #read(response: Response, touch: () => void): Promise<void> {
    const decoder = new TextDecoder();
    let ending: Promise<void> | undefined;
    const parse = sseParser(
      (frame) => {
        if (frame.event === "story_chunk") ending ??= this.#take(frame.id, frame.data);
      },
      (ms) => (this.#retryMs = ms),
    );
    const reader = response.body!.getReader();
    while (!ending) {
      const { done, value } = await reader.read();
      if (done) return;
      touch();
      parse(decoder.decode(value, { stream: true }));
    }
    await ending;
  }

  #request(): Call {
    const { reading, start } = this.#parts;
    const query = new URLSearchParams();
    if (reading.order) query.set("order", reading.order);
    if (reading.granularity) query.set("granularity", reading.granularity);
    if (reading.complete === "brief" && reading.after === undefined && globalThis.crypto?.subtle) query.set("complete", "brief");
    const suffix = `${query}` && `?${query}`;
    const accept = { Accept: "text/event-stream" };
    if (this.#runId === undefined) {
      return { ...start!, path: start!.path + suffix, headers: { ...accept, ...start!.headers } };
    }
    const after: Record<string, string> = this.#lastEventId ? { "Last-Event-ID": this.#lastEventId } : {};
    return { path: path(this.#runId, "/stream") + suffix, headers: { ...accept, ...after } };
  }

  // Takes a message in. Returns a promise when it is the last.
  #take(id: string, data: string): Promise<void> | undefined {
    const seq = seqOf(id);
    if (!(seq > this.#lastSeq)) return;
    const chunk = JSON.parse(data) as { type: string; data: unknown };
    this.#setId(id.slice(0, id.lastIndexOf(":")));
    this.#lastSeq = seq;
    this.#lastEventId = id;
    if (!MESSAGE_TYPES.has(chunk.type)) return; // of a later version
    const message = { id, seq, type: chunk.type, data: chunk.data } as Message;
    if (message.type === "complete" && message.data.story_content === undefined) message.data = withText(message.data, this.#state);
    this.#messages.push(message);
    if (this.#state.attempt) this.#change({ ...this.#state, attempt: 0 });
    this.#change(reduce(this.#state, message));
    for (const handler of this.#handlers.get(message.type) ?? []) {
      try {
        handler(message as never);
      } catch (error) {
        report(error); // the page's own fault, and no break
      }
    }
    if (message.type === "complete") return this.#complete(message.data);
    if (message.type === "error") return Promise.resolve(this.#close(undefined));
    this.#wake();
  }

  // The service has nothing after our last id: what the end was is in the run itself.
  async #lookUpEnd(): Promise<void> {
    const run = await this.#parts.runs.get(await this.id);
    const message = { id: this.#lastEventId ?? "", seq: this.#lastSeq };
    if (run.result) {
      const complete = run.result as Complete;
      this.#change(reduce(this.#state, { ...message, type: "complete", data: complete }));
      await this.#complete(complete);
    } else if (run.error) {
      this.#change(reduce(this.#state, { ...message, type: "error", data: run.error as never }));
      this.#close(undefined);
    }
  }

  async #complete(complete: Complete): Promise<void> {
    const whole = this.#parts.reading.after === undefined;
    const same = (!whole || textOf(this.#state) === complete.story_content) && (await hashes(complete));
    if (same) this.#end.resolve(complete);
    this.#close(same ? undefined : new HashMismatch("HASH_MISMATCH", "the text read is not the run's", { runId: this.#runId }));
  }

  // Over: by the run's last message, or by a failure of reading. Detaching is no failure for those who iterate.
  #close(failure: unknown, detached = false): void {
    if (this.#over) return;
    this.#failure = detached ? undefined : failure;
    const error = failure instanceof StorywireError && !detached ? { error: failure } : {};
    const status = failure !== undefined && !detached && this.#state.status === "starting" ? { status: "failed" as const } : {};
    this.#end.reject(failure ?? this.#state.error);
    if (this.#runId === undefined) this.#noId(failure);
    this.#stop.abort();
    this.#change({ ...this.#state, ...error, ...status, connection: "closed", retryAt: undefined }, true);
    this.#wake();
  }

  #change(state: State, now = false): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(now);
  }

  #wake(): void {
    const waiting = this.#news;
    this.#news = deferred();
    waiting.resolve();
  }

  #setId(id: string): void {
    this.#runId ??= id;
    this.#gotId(this.#runId);
  }
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  const made = {} as Deferred<T>;
  made.promise = new Promise((resolve, reject) => ([made.resolve, made.reject] = [resolve, reject]));
  made.promise.catch(() => {}); // nobody has to listen
  return made;
}

function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(":") + 1) || NaN);
}

function gaveUp(cause: unknown, runId?: string): StorywireError {
  const { code = "UNREACHABLE", message = "the stream broke off again and again", status } = (cause ?? {}) as Partial<StorywireError>;
  return new StorywireError(code, message, { status, retryable: true, runId, cause });
}

function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    setTimeout(() => {
      throw error;
    });
}

function later(callback: () => void, ms?: number): () => void {
  if (ms === undefined && typeof requestAnimationFrame === "function" && !document.hidden) {
    const frame = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(frame);
  }
  const timer = setTimeout(callback, ms ?? 16);
  return () => clearTimeout(timer);
}

// A page that came over plain HTTP from another machine has no SHA-256: then the texts themselves were compared.
async function hashes(complete: Complete): Promise<boolean> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return true;
  const digest = await subtle.digest("SHA-256", new TextEncoder().encode(complete.story_content));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") === complete.sha256;
}
