"""How long text takes from the log to a reader's screen while fifty runs are being written.

`python -m benchmarks.screen` starts a provider in a process of its own and the service, begins fifty
stories at thirty tokens a second, and opens the page of one of them in Chromium. Each append to that story's log is
dated when the service begins it and when it is committed, by the clock of the machine; the page dates the mutation of
its document with which the text is there, by the same clock. The first seconds aren't counted: all plans are written
at once in them.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from anyio import to_thread
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import sync_playwright

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from benchmarks.report import Row, Rows, show_one
from tests import service
from tests.browser.conftest import BROWSERS, FLAGS
from tests.fakes.script import Reply, Script, dump_script

RUNS, PACE, WORDS = 50, 30, 400
FROM_SECOND, SECONDS = 15, 30
LIMIT_MS = 50
OBSERVE = """
  window.seen = [];
  let letters = 0;
  const counted = new WeakMap();
  const count = (node) => {
    if (node.nodeType === Node.ELEMENT_NODE) for (const child of node.childNodes) count(child);
    if (node.nodeType !== Node.TEXT_NODE || !node.parentElement?.closest(".section__text")) return;
    const known = counted.get(node) ?? 0;
    letters += node.data.slice(known).replace(/\\s+/g, "").length;
    counted.set(node, node.data.length);
  };
  new MutationObserver((records) => {
    const before = letters;
    for (const record of records) for (const node of [record.target, ...record.addedNodes]) count(node);
    if (letters > before) window.seen.push([letters, performance.timeOrigin + performance.now()]);
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Letters on the page, without spaces, and when they were there, in milliseconds since 1970."""


@dataclass
class Appends:
    """Appends to the log, by run: letters so far, when each append began and when it was committed."""

    by_run: dict[str, list[tuple[int, float, float]]] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """The log's method `append`, with its times taken."""
        append = SqlLog.append

        async def timed(log: SqlLog, run_id: str, epoch: int, entries: Sequence[Entry]) -> None:
            began = time.time() * 1000
            await append(log, run_id, epoch, entries)
            if letters := sum(map(_letters, entries)):
                marks = self.by_run.setdefault(run_id, [])
                marks.append((letters + (marks[-1][0] if marks else 0), began, time.time() * 1000))

        SqlLog.append = timed  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            SqlLog.append = append  # type: ignore[method-assign]


async def run() -> Rows:
    """How long appends take to the screen."""
    return await to_thread.run_sync(_measure)


def _measure() -> Rows:
    appends = Appends()
    with tempfile.TemporaryDirectory() as folder, _provider(Path(folder)) as provider, appends.watched():
        given = service.settings_for(provider, Path(folder) / "data", judge="off", max_runs=RUNS)
        with (
            start_blocking_portal("asyncio") as portal,
            portal.wrap_async_context_manager(service.serve(given)) as live,
        ):
            seen, run_id = _watch(live.client.base_url)
    since = seen[0][1] + FROM_SECOND * 1000
    letters = [each[0] for each in seen]
    delays: list[tuple[float, float]] = []
    for so_far, began, committed in appends.by_run[run_id]:
        at = bisect_left(letters, so_far)
        if committed > since and at < len(seen):
            delays.append((seen[at][1] - began, seen[at][1] - committed))
    from_beginning, from_commit = zip(*delays, strict=True)
    what = f"{len(delays)} appends of one of {RUNS} runs, to the screen"
    return [
        _row(f"{what}, from the commit", from_commit, promised=True),
        _row("… from the append's beginning", from_beginning, promised=False),
    ]


def _row(what: str, delays: Sequence[float], *, promised: bool) -> Row:
    p99 = statistics.quantiles(delays, n=100, method="inclusive")[98]
    said = f"median {statistics.median(delays):.0f} ms, p99 {p99:.0f} ms"
    if not promised:
        return Row(what, said, "")
    return Row(what, said, f"{LIMIT_MS} ms", p99 / LIMIT_MS, f"≤ {LIMIT_MS} ms", p99 <= LIMIT_MS)


def _watch(url: str) -> tuple[list[tuple[int, float]], str]:
    """What was seen on the page of the last of fifty runs, and its id."""
    bodies: list[dict[str, Any]] = [
        {"format": "story", "input": {**service.STORY, "theme": f"lighthouse {number}"}}
        for number in range(RUNS)
    ]
    with sync_playwright() as playwright, httpx.Client(base_url=url, trust_env=False) as http:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1100, "height": 720})
        page.add_init_script(OBSERVE)
        ids = [http.post("/api/v1/runs", json=body).raise_for_status().json()["run_id"] for body in bodies]
        page.goto(f"{url}#run={ids[-1]}")
        while not page.evaluate("window.seen.length"):
            page.wait_for_timeout(100)
        page.wait_for_timeout((FROM_SECOND + SECONDS) * 1000)
        seen = [(int(letters), float(at)) for letters, at in page.evaluate("window.seen")]
        chromium.close()
    return seen, str(ids[-1])


@contextmanager
def _provider(folder: Path) -> Iterator[str]:
    """A provider in a process of its own; yields its address for OpenAI's protocol."""
    port, script = folder / "port", folder / "script.json"
    script.write_bytes(dump_script(Script(default=Reply(words=WORDS, pace=PACE))))
    given = ("--port-file", str(port), "--script", str(script))
    process = subprocess.Popen([sys.executable, "-m", "tests.fakes.provider", *given])
    try:
        while not (port.exists() and port.read_text()):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text().strip()}/v1"
    finally:
        process.terminate()
        process.wait(10)


def _letters(entry: Entry) -> int:
    data = json.loads(entry.data) if entry.type == "content" else {}
    message = data.get("data", data)
    return 0 if message.get("piece") else len("".join(message.get("chunk", "").split()))


if __name__ == "__main__":
    show_one(run, "screen")
