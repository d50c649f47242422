// Calls to the service, for all of its pages. Addresses are relative to this file: they work below a path of a proxy.

const ROOT = new URL("../", import.meta.url);
const SIGN_IN = new URL("account", ROOT);
const UNREACHABLE = "The service can’t be reached. Check that it is running, then try again.";

/** A refusal: `status` (0 when nothing answered), `code`, a message for a person, `errors: [{field, message}]`. */
export class Problem extends Error {
	constructor(status, body, retryAfter = null) {
		super(body.detail || body.title || `The service refused (status ${status}).`);
		this.status = status;
		this.code = body.code ?? "";
		this.errors = Array.isArray(body.errors) ? body.errors : [];
		this.retryAfter = retryAfter;
	}
}

/** Sends JSON and gives the reply's JSON (null when it has none). Who must sign in is led there. Throws `Problem`. */
export async function call(method, path, options) {
	const reply = await send(method, path, options);
	return reply.json().catch(() => null);
}

/** A file that is made of what is sent: `{blob, name}`. Throws `Problem`. */
export async function callForFile(path, body) {
	const reply = await send("POST", path, { body });
	const name = /filename\*=UTF-8''([^;]+)/.exec(reply.headers.get("Content-Disposition"))?.[1] ?? "text";
	return { blob: await reply.blob(), name: decodeURIComponent(name) };
}

/** A reply that is no refusal. `body` is sent as JSON, a form as it is; `keepalive` outlives the page. */
async function send(method, path, { body, headers = {}, keepalive = false } = {}) {
	const request = { method, headers: { Accept: "application/json", ...headers }, keepalive };
	if (body instanceof FormData) request.body = body;
	else if (body !== undefined) {
		request.headers["Content-Type"] = "application/json";
		request.body = JSON.stringify(body);
	}
	const reply = await fetch(new URL(path, ROOT), request).catch(() => {
		throw new Problem(0, { detail: UNREACHABLE });
	});
	if (reply.ok) return reply;
	if (reply.status === 401) signIn();
	const content = await reply.json().catch(() => null);
	throw new Problem(reply.status, content ?? {}, Number(reply.headers.get("Retry-After")) || null);
}

// Whoever has signed in comes back to the text that was on the page.
function signIn() {
	if (location.pathname === SIGN_IN.pathname) return;
	const run = location.hash.slice(1);
	location.assign(run ? `${SIGN_IN}?back=${encodeURIComponent(run)}` : SIGN_IN);
}

/** The reply, or null when the service doesn't offer it or can't be reached: for what the page can do without. */
export const callIfThere = (path) => call("GET", path).catch(orNull);

/** What was thrown, if it is a refusal; anything else is thrown on. */
export function asProblem(thrown) {
	if (thrown instanceof Problem) return thrown;
	throw thrown;
}

export const orNull = (thrown) => asProblem(thrown) && null;

export const runPath = (runId, rest = "") => `api/v1/runs/${encodeURIComponent(runId)}${rest}`;

let lastAttempt = { body: "", key: "" };

/**
 * Starts a run, or a story's next chapter at its own `path`: `{run_id, status, stream_url}`. When nothing answered it may
 * have begun all the same, so the same request sent again has the same key and attaches to it.
 */
export async function startRun(request, path = "api/v1/runs") {
	const body = path + JSON.stringify(request);
	if (lastAttempt.body !== body) lastAttempt = { body, key: newKey() };
	try {
		const run = await call("POST", path, {
			body: request,
			headers: { "Idempotency-Key": lastAttempt.key, ...timezoneHeader() },
		});
		lastAttempt = { body: "", key: "" };
		return run;
	} catch (problem) {
		if (problem.status !== 0) lastAttempt = { body: "", key: "" };
		throw problem;
	}
}

/** The reader's time zone, for texts that say what day it is. */
function timezoneHeader() {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	return zone && zone.includes("/") && !zone.startsWith("Etc/Unknown") ? { "X-Timezone": zone } : {};
}

// randomUUID exists in secure contexts only; a page read from another machine over plain HTTP is none.
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
