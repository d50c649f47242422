import { Http, type Options } from "./http.ts";
import type { Inputs, RunOptions } from "./messages.ts";
import { Runs } from "./runs.ts";
import { type Reading, Story } from "./story.ts";

/** Options of a run, how it is read, and the key by which a repeated start is known as the same. */
export type StartOptions = RunOptions & Omit<Reading, "after"> & { idempotencyKey?: string };

/** A service: starts runs, follows them, and lists them. */
export class Storywire {
  readonly runs: Runs;
  readonly #http: Http;

  constructor(options: Options = {}) {
    this.#http = new Http(options);
    this.runs = new Runs(this.#http);
  }

  /** Starts a run of a format, given by its name or path, and reads it. Returns at once. */
  start<F extends keyof Inputs & string>(format: F, input: Inputs[F], options: StartOptions = {}): Story {
    const { idempotencyKey = randomKey(), order, granularity, complete, signal, ...runOptions } = options;
    const start = {
      method: "POST",
      path: `/api/v1/${encodeURIComponent(format)}/generate/stream`,
      body: { ...(input as object), options: runOptions },
      headers: { "Idempotency-Key": idempotencyKey },
    };
    return new Story({ http: this.#http, runs: this.runs, start, reading: { order, granularity, complete, signal } });
  }

  /** Reads a run that is there: after a reload, in a second tab, on another device. */
  follow(runId: string, reading: Reading = {}): Story {
    return new Story({ http: this.#http, runs: this.runs, runId, reading });
  }
}

// `randomUUID` is there on secure pages only.
function randomKey(): string {
  return globalThis.crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("-");
}
