// What the page remembers in this browser. Nothing depends on it: where storage is full or forbidden the page forgets.

const KEPT_RUNS = 30;

function read(name, otherwise) {
	try {
		return JSON.parse(localStorage.getItem(`storywire.${name}`)) ?? otherwise;
	} catch {
		return otherwise;
	}
}

function write(name, value) {
	try {
		if (value === null) localStorage.removeItem(`storywire.${name}`);
		else localStorage.setItem(`storywire.${name}`, JSON.stringify(value));
	} catch {
		// It only forgets.
	}
}

const one = (name, otherwise) => [(value) => write(name, value), () => read(name, otherwise)];

const byRun = (name) => [
	(runId, value) => write(name, [[runId, value], ...read(name, []).filter(([id]) => id !== runId)].slice(0, KEPT_RUNS)),
	(runId) => read(name, []).find(([id]) => id === runId)?.[1] ?? null,
];

/** The request of a run; null where this browser has never seen it. */
export const [rememberRequest, recallRequest] = byRun("requests");

/** The reader's own wordings of a text's sections, `{section: text}`. */
export const [rememberEdits, recallEdits] = byRun("edits");

export const [rememberDraft, recallDraft] = one("draft", null);

export const [rememberChild, recallChild] = one("child", "");

/** The reader's settings. */
export const [rememberReading, recallReading] = one("reading", {});

/** How formats want their texts shown, by name: a text may be there before the formats are known. */
export const [rememberDisplays, recallDisplays] = one("displays", {});

/** A form that isn't sent yet, by its format: it outlives a reload. */
export const rememberForm = (format, request) => write(`form.${format}`, request);

export const recallForm = (format) => read(`form.${format}`, null);

export const forgetForm = (format) => rememberForm(format, null);
