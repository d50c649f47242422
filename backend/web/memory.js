// What the page remembers in this browser: what was asked for, so that a reload or a later visit can go on
// with the next chapter. Nothing depends on it: without storage the page only forgets.

const RUNS = "storywire.requests";
const DRAFT = "storywire.draft";
const FORM = "storywire.form.";
const CHILD = "storywire.child";
const KEPT_RUNS = 30;

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden.
  }
}

export function rememberRequest(runId, request) {
  const others = read(RUNS, []).filter(([id]) => id !== runId);
  write(RUNS, [[runId, request], ...others].slice(0, KEPT_RUNS));
}

/** The request that started the run, or null when it was started elsewhere. */
export function recallRequest(runId) {
  return read(RUNS, []).find(([id]) => id === runId)?.[1] ?? null;
}

export const rememberDraft = (request) => write(DRAFT, request);

export const recallDraft = () => read(DRAFT, null);

export const rememberChild = (id) => write(CHILD, id);

export const recallChild = () => read(CHILD, "");

/** A form that isn't sent yet, by its format: it outlives a reload. */
export const rememberForm = (format, request) => write(FORM + format, request);

export const recallForm = (format) => read(FORM + format, null);

export function forgetForm(format) {
  try {
    localStorage.removeItem(FORM + format);
  } catch {
    // Storage is forbidden.
  }
}
