import type { Http } from "./http.ts";
import type { Quote, Run, RunPage, RunSummary, StartedRun } from "./messages.ts";

/** What a resumed run may spend from now on, all attempts together. */
export interface Caps {
  budget_usd?: number;
  max_output_tokens?: number;
}

export interface RunFilter {
  status?: "running" | "waiting" | "completed" | "failed" | "cancelled";
  format?: string;
}

/** The runs of the caller. */
export class Runs {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  get(id: string): Promise<Run> {
    return this.#json("GET", path(id));
  }

  /** Newest first; fetches page after page as they are read. */
  async *list(filter: RunFilter = {}): AsyncGenerator<RunSummary> {
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams(Object.entries({ ...filter, cursor }).filter(([, value]) => value != null) as string[][]);
      const page: RunPage = await this.#json("GET", `/api/v1/runs?${query}`);
      yield* page.runs;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** Stops the run, for everyone; the text so far is kept. */
  cancel(id: string): Promise<StartedRun> {
    return this.#json("POST", path(id, "/cancel"));
  }

  /** What is left to write, and about what it will cost. */
  quote(id: string): Promise<Quote> {
    return this.#json("GET", path(id, "/resume-quote"));
  }

  /** Goes on with a failed or cancelled run, under the same id. */
  resume(id: string, caps: Caps = {}): Promise<StartedRun> {
    return this.#json("POST", path(id, "/resume"), caps, false);
  }

  /** Answers `input_required` with the outline as edited. */
  answer(id: string, outline: unknown): Promise<StartedRun> {
    return this.#json("POST", path(id, "/input"), { outline }, false);
  }

  async delete(id: string): Promise<void> {
    await this.#http.call({ method: "DELETE", path: path(id) });
  }

  /** The finished text as a file: `md`, `txt`, and what its format adds. */
  async export(id: string, as: string): Promise<Blob> {
    const headers = { Accept: "*/*" };
    return (await this.#http.call({ path: path(id, `/export?as=${encodeURIComponent(as)}`), headers })).blob();
  }

  async #json<T>(method: string, path: string, body?: unknown, repeatable = true): Promise<T> {
    return (await this.#http.call({ method, path, body }, repeatable)).json() as Promise<T>;
  }
}

/** The path of a run, or below it. */
export function path(id: string, below = ""): string {
  return `/api/v1/runs/${encodeURIComponent(id)}${below}`;
}
