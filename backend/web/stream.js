// Following a run. Where EventSource gives up (a proxy's 502, a server that is starting again), this goes on from the last id.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
// A machine that slept may hold a connection that is dead without knowing it; reconnecting costs nothing.
const STALE_AFTER_MS = 30_000;

function addressFrom(url, lastId) {
	if (!lastId) return url;
	return `${url}${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(lastId)}`;
}

/**
 * Follows the run at `url` from `lastId` until its terminal message or `stop()`. `onMessage(id, message)` gets every
 * message; `onState` "connecting", "live", "reconnecting" or "ended"; `check()` is asked when the browser gave up, and
 * resolves to false when the run can't be read any more.
 */
export function follow(url, { lastId = "", onMessage, onState, check }) {
	let source = null;
	let timer = 0;
	let failures = 0;
	let over = false;
	let hiddenAt = 0;

	function open() {
		clearTimeout(timer);
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

	function watchVisibility() {
		if (document.hidden) hiddenAt = Date.now();
		else if (hiddenAt && Date.now() - hiddenAt > STALE_AFTER_MS) reopen();
	}

	function finish() {
		stop();
		onState("ended");
	}

	function stop() {
		over = true;
		clearTimeout(timer);
		source?.close();
		window.removeEventListener("online", reopen);
		document.removeEventListener("visibilitychange", watchVisibility);
	}

	window.addEventListener("online", reopen);
	document.addEventListener("visibilitychange", watchVisibility);
	onState(lastId ? "reconnecting" : "connecting");
	open();
	return { stop };
}
