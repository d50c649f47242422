// Following a run. Where EventSource gives up (a proxy's 502), this goes on from the last id.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
// A connection may be dead without knowing it, and a proxy may hold back what comes.
const SILENT_MS = 45_000;

function addressFrom(url, lastId) {
	if (!lastId) return url;
	return `${url}${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(lastId)}`;
}

/**
 * Follows the run at `url` from `lastId` until its terminal message or `stop()`. `onMessage(id, message)` gets every
 * message; `onState` "connecting", "live", "reconnecting" or "ended"; `check()` says, when the browser gives up,
 * whether the run can be read; `isBehind()`, in silence, whether more is written.
 */
export function follow(url, { lastId = "", onMessage, onState, check, isBehind }) {
	let source = null;
	let timer = 0;
	let failures = 0;
	let over = false;
	let silence = 0;
	let heardAt = 0;

	function open() {
		clearTimeout(timer);
		listen();
		source?.close();
		const current = new EventSource(addressFrom(url, lastId));
		source = current;
		current.addEventListener("open", () => onState("live"));
		current.addEventListener("story_chunk", receive);
		current.addEventListener("error", () => {
			if (over || current !== source) return;
			onState("reconnecting");
			if (current.readyState === EventSource.CLOSED) retry();
		});
	}

	function receive(event) {
		listen();
		failures = 0;
		lastId = event.lastEventId || lastId;
		const message = JSON.parse(event.data);
		// Closed before the message is shown: the server closes too, and that must not look like a break.
		if (message.type === "complete" || message.type === "error") finish();
		onMessage(event.lastEventId, message);
	}

	async function retry() {
		const readable = await check();
		if (over) return;
		if (!readable) return finish();
		const wait = Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS);
		failures += 1;
		timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
	}

	function reopen() {
		if (over) return;
		onState("reconnecting");
		open();
	}

	function listen() {
		clearTimeout(silence);
		silence = setTimeout(doubt, SILENT_MS);
		heardAt = Date.now();
	}

	async function doubt() {
		listen();
		if (await isBehind()) reopen();
	}

	const look = () => document.hidden || Date.now() - heardAt < SILENT_MS || doubt();

	function finish() {
		stop();
		onState("ended");
	}

	function stop() {
		over = true;
		clearTimeout(timer);
		clearTimeout(silence);
		source?.close();
		removeEventListener("online", reopen);
		document.removeEventListener("visibilitychange", look);
	}

	addEventListener("online", reopen);
	document.addEventListener("visibilitychange", look);
	onState(lastId ? "reconnecting" : "connecting");
	open();
	return { stop };
}
