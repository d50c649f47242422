import { RunFailed, type StorywireError } from "./errors.ts";
import type { Complete, Content, InputRequired, Message, Outline, Progress, Retract, Usage } from "./messages.ts";

export interface Section {
  readonly index: number;
  readonly title?: string;
  readonly text: string;
  readonly complete: boolean;
}

/** A text of its own beside the story, such as a podcast's short forms. */
export interface Piece {
  readonly text: string;
  readonly complete: boolean;
}

export type Connection = "connecting" | "open" | "waiting" | "closed";
export type Status = "starting" | "running" | "waiting" | "completed" | "failed" | "cancelled";

/** All that a front end shows of a run. */
export interface State {
  readonly connection: Connection;
  /** Attempts to connect since the last message; 0 while all is well. */
  readonly attempt: number;
  /** When the next attempt begins, in milliseconds since 1970; with the connection `waiting`. */
  readonly retryAt?: number;
  readonly status: Status;
  readonly outline?: Outline;
  /** In reading order: those planned, and those begun. */
  readonly sections: readonly Section[];
  readonly pieces: Readonly<Record<string, Piece>>;
  readonly progress?: Progress;
  /** What the run waits for, with the status `waiting`. */
  readonly input?: InputRequired;
  readonly usage?: Usage;
  readonly complete?: Complete;
  readonly error?: StorywireError;
}

export const initial: State = Object.freeze({
  connection: "closed",
  attempt: 0,
  status: "starting",
  sections: Object.freeze([]),
  pieces: Object.freeze({}),
});

/** The state after a message: the reader's rule. Pure; the same object where nothing changes. */
export function reduce(state: State, message: Message): State {
  switch (message.type) {
    case "content":
      return write(state, message.data, (text) => ({
        text: text + message.data.chunk,
        complete: message.data.is_complete,
      }));
    case "retract":
      return write(state, message.data, () => ({ text: "", complete: false }));
    case "outline":
      return { ...going(state), outline: message.data, sections: planned(state, message.data) };
    case "node_event":
      return message.data.node === "workflow" ? going(state) : state;
    case "progress":
      return { ...state, progress: message.data };
    case "usage":
      return { ...state, usage: message.data };
    case "input_required":
      return { ...state, status: "waiting", input: message.data };
    case "complete":
      return { ...going(state), status: "completed", complete: message.data };
    case "error": {
      const { code, message: text, resumable, retryable } = message.data;
      const runId = message.id.slice(0, message.id.lastIndexOf(":"));
      const error = new RunFailed(code, text, resumable, { retryable, runId });
      return { ...state, status: code === "CANCELLED" ? "cancelled" : "failed", input: undefined, error };
    }
    default:
      return state;
  }
}

/** The story so far: the sections begun, in order, joined by a blank line. */
export function textOf(state: State): string {
  return state.sections
    .filter((section) => section.text || section.complete)
    .map((section) => section.text)
    .join("\n\n");
}

/** A `complete` that came without the text, with the text that was read. */
export function withText(complete: Complete, state: State): Complete {
  const texts = new Map(state.sections.map(({ index, text }) => [index, text]));
  return {
    ...complete,
    story_content: textOf(state),
    sections: complete.sections.map((section) => ({ ...section, text: texts.get(section.index) ?? "" })),
    pieces: complete.pieces.map((piece) => ({ ...piece, text: state.pieces[piece.name]?.text ?? "" })),
  };
}

// A run that goes on waits for nobody, and an error that was its end is none any more.
function going(state: State): State {
  if (state.status === "running" && !state.error && !state.input) return state;
  return { ...state, status: "running", input: undefined, error: undefined };
}

type Change = (text: string) => { text: string; complete: boolean };

function write(state: State, place: Content | Retract, change: Change): State {
  const { piece, section: index } = place;
  if (piece != null) {
    const text = Object.hasOwn(state.pieces, piece) ? state.pieces[piece]!.text : "";
    return { ...going(state), pieces: { ...state.pieces, [piece]: change(text) } };
  }
  const sections = [...state.sections];
  let at = sections.findIndex((section) => section.index >= index);
  if (at < 0) at = sections.length;
  const known = sections[at]?.index === index ? sections[at] : undefined;
  sections.splice(at, known ? 1 : 0, { ...known, index, ...change(known?.text ?? "") });
  return { ...going(state), sections };
}

function planned(state: State, outline: Outline): Section[] {
  const written = new Map(
    state.sections.filter((section) => section.text || section.complete).map((section) => [section.index, section]),
  );
  for (const { index, title } of outline.sections) {
    written.set(index, { text: "", complete: false, ...written.get(index), index, title });
  }
  return [...written.values()].sort((a, b) => a.index - b.index);
}
