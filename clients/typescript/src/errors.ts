export interface ErrorDetails {
  status?: number;
  retryable?: boolean;
  runId?: string;
  cause?: unknown;
}

/** A failure with the service's stable code. */
export class StorywireError extends Error {
  override readonly name: string = "StorywireError";
  readonly code: string;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  readonly runId?: string;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.retryable = details.retryable ?? false;
    this.runId = details.runId;
  }
}

/** The run ended with `error`; the text so far is kept. */
export class RunFailed extends StorywireError {
  override readonly name = "RunFailed";
  /** Whether `resume` can go on with this run. */
  readonly resumable: boolean;

  constructor(code: string, message: string, resumable: boolean, details: ErrorDetails = {}) {
    super(code, message, details);
    this.resumable = resumable;
  }
}

/** The text read is not the text that the service has. */
export class HashMismatch extends StorywireError {
  override readonly name = "HashMismatch";
}

/** Text that `text()` had yielded was taken back. */
export class Retracted extends StorywireError {
  override readonly name = "Retracted";
  readonly section: number;

  constructor(section: number, runId?: string) {
    super("RETRACTED", `section ${section} was taken back after some of it had been read`, { runId });
    this.section = section;
  }
}
