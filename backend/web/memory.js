// What the page remembers in this browser. Nothing depends on it: where storage is full or forbidden the page forgets.

const RUNS = "storywire.requests";
const EDITS = "storywire.edits";
const DRAFT = "storywire.draft";
const FORM = "storywire.form.";
const CHILD = "storywire.child";
const READING = "storywire.reading";
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
		if (value === null) localStorage.removeItem(key);
		else localStorage.setItem(key, JSON.stringify(value));
	} catch {
		// It only forgets.
	}
}

const rememberOf = (key) => (runId, value) => {
	const others = read(key, []).filter(([id]) => id !== runId);
	write(key, [[runId, value], ...others].slice(0, KEPT_RUNS));
};

const recallOf = (key) => (runId) => read(key, []).find(([id]) => id === runId)?.[1] ?? null;

/** The request that started a run; null when it was started elsewhere. */
export const [rememberRequest, recallRequest] = [rememberOf(RUNS), recallOf(RUNS)];

/** The reader's own wordings of a text's sections, `{section: text}`. */
export const [rememberEdits, recallEdits] = [rememberOf(EDITS), recallOf(EDITS)];

export const rememberDraft = (request) => write(DRAFT, request);

export const recallDraft = () => read(DRAFT, null);

export const rememberChild = (id) => write(CHILD, id);

export const recallChild = () => read(CHILD, "");

/** A form that isn't sent yet, by its format: it outlives a reload. */
export const rememberForm = (format, request) => write(FORM + format, request);

export const recallForm = (format) => read(FORM + format, null);

export const forgetForm = (format) => write(FORM + format, null);

/** The reader's settings. */
export const rememberReading = (settings) => write(READING, settings);

export const recallReading = () => read(READING, {});
