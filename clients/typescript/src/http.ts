import { StorywireError } from "./errors.ts";

/** How broken connections are made anew. */
export interface Reconnect {
  /** Attempts in a row without a message; without end by default. */
  attempts?: number;
  /** The first pause and the longest, in milliseconds: 500 and 30,000. What the service asks for counts more. */
  minMs?: number;
  maxMs?: number;
  /** A connection without a byte for so long is broken: 45,000. */
  idleMs?: number;
}

export interface Options {
  /** Where the service is; the page's own origin by default. */
  baseUrl?: string;
  /** Asked anew for every request. */
  token?: string | (() => string | Promise<string>);
  headers?: () => Record<string, string>;
  fetch?: typeof fetch;
  credentials?: RequestCredentials;
  reconnect?: Reconnect;
}

export interface Call {
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

// Answers that stay what they are for longer than anybody waits.
const FINAL = new Set(["MODEL_NOT_CONFIGURED", "QUOTA_EXCEEDED"]);
const LONGEST_WAIT_MS = 600_000;
const CALL_ATTEMPTS = 4;

/** A failure of a request, with the pause that the service asks for. */
export class RequestFailed extends StorywireError {
  override readonly name = "StorywireError";
  retryAfterMs?: number;
}

/** Sends requests with the caller's credentials, and knows which failures are worth another try. */
export class Http {
  readonly reconnect: Required<Reconnect>;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    this.reconnect = { attempts: Infinity, minMs: 500, maxMs: 30_000, idleMs: 45_000, ...options.reconnect };
  }

  /** The response, with a status of success. Throws StorywireError. */
  async send(call: Call): Promise<Response> {
    const { baseUrl = "", token, headers, credentials } = this.#options;
    const bearer = typeof token === "function" ? await token() : token;
    const request = this.#options.fetch ?? globalThis.fetch;
    let response: Response;
    try {
      response = await request(baseUrl.replace(/\/$/, "") + call.path, {
        method: call.method ?? "GET",
        headers: {
          Accept: "application/json",
          ...(call.body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
          ...headers?.(),
          ...call.headers,
        },
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        ...(credentials ? { credentials } : {}),
        cache: "no-store",
        signal: call.signal,
      });
    } catch (cause) {
      throw new RequestFailed("UNREACHABLE", "the service can't be reached", { retryable: true, cause });
    }
    if (!response.ok) throw await failure(response);
    return response;
  }

  /** The same, tried again as long as that may help and does no harm. */
  async call(call: Call, repeatable = true): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.send(call);
      } catch (error) {
        const once = !repeatable && (error as RequestFailed).status !== 429 && (error as RequestFailed).status !== 503;
        if (!isRetryable(error) || once || attempt >= Math.min(CALL_ATTEMPTS, this.reconnect.attempts)) throw error;
        await pause(this.delay(attempt, error), call.signal);
      }
    }
  }

  /** Milliseconds before an attempt, counted from 1: what the service asked for, else growing, with jitter. */
  delay(attempt: number, error?: unknown, retryMs?: number): number {
    const asked = error instanceof RequestFailed ? error.retryAfterMs : undefined;
    if (asked !== undefined) return asked * (1 + Math.random() / 10);
    const first = retryMs ?? this.reconnect.minMs;
    const grown = Math.min(Math.max(this.reconnect.maxMs, first), first * 2 ** Math.min(attempt - 1, 30));
    return grown * (0.5 + Math.random() / 2);
  }
}

/** Whether another try may help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof RequestFailed && error.retryable;
}

/** Resolves after so many milliseconds, or when the signal is given. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

async function failure(response: Response): Promise<RequestFailed> {
  const problem = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const { status } = response;
  const code = typeof problem?.code === "string" ? problem.code : `HTTP_${status}`;
  const retryAfterMs = retryAfter(response.headers.get("Retry-After"));
  const passing = status === 408 || status === 429 || status >= 500;
  const failed = new RequestFailed(code, String(problem?.detail ?? problem?.title ?? `the answer is ${status}`), {
    status,
    retryable: passing && !FINAL.has(code) && !((retryAfterMs ?? 0) > LONGEST_WAIT_MS),
    runId: typeof problem?.run_id === "string" ? problem.run_id : undefined,
  });
  failed.retryAfterMs = retryAfterMs;
  return failed;
}

function retryAfter(value: string | null): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
