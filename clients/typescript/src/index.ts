export { Storywire, type StartOptions } from "./client.ts";
export { HashMismatch, Retracted, RunFailed, StorywireError } from "./errors.ts";
export type { Options, Reconnect } from "./http.ts";
export type * from "./messages.ts";
export type { Caps, RunFilter, Runs } from "./runs.ts";
export type { Connection, Piece, Section, State, Status } from "./state.ts";
export { initial, reduce, textOf } from "./state.ts";
export type { Reading, Story } from "./story.ts";
