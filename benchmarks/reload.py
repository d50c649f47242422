"""How long a reload takes, in the middle of a 10,000-word episode, until all of its text is on the page.

`python -m benchmarks.reload` starts the service with a scripted provider, waits until most of the episode is
written, and reloads the page in Chromium while the rest is being written.
"""

import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
from anyio import to_thread
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.report import Row, Rows, show_one
from tests.browser.conftest import BROWSERS, FLAGS
from tests.browser.live import serve_scripted
from tests.fakes.script import Reply, Rule
from tests.podcasts import EPISODE, SECTIONS, script

INPUTS = {**EPISODE, "search": "off", "target_words": 10_000}
RELOADS = 15
LIMIT_MS = 300
# Milliseconds from the start of the navigation until a frame in which so many letters of the text are on the page.
WATCH = """
  const wanted = Number(sessionStorage.getItem("wanted"));
  const look = () => {
    let letters = 0;
    for (const text of document.querySelectorAll(".section__text")) letters += text.textContent.length;
    if (wanted && letters >= wanted) requestAnimationFrame(() => { window.allShown = performance.now(); });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
LETTERS = (
    "[...document.querySelectorAll('.section__text')].reduce((sum, text) => sum + text.textContent.length, 0)"
)


async def run() -> Rows:
    """How long reloads take."""
    return await to_thread.run_sync(_measure)


def _measure() -> Rows:
    # As many entries in the log as a model makes that is read word by word, but sooner.
    each_word = Reply(pace=600, tokens_per_chunk=1)
    slow_end = Rule(Reply(pace=15, tokens_per_chunk=1), structured=False, nth=SECTIONS - 1)
    episode = replace(script(slow_end, inputs=INPUTS), default=each_word)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_scripted(Path(folder), episode, judge="off", merge_ms=0) as url,
        sync_playwright() as playwright,
    ):
        run_id = _write_most_of_it(url)
        chromium = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=FLAGS
        )
        page = chromium.new_page(viewport={"width": 1100, "height": 720})
        page.add_init_script(WATCH)
        page.goto(f"{url}#run={run_id}")
        _wait_for(page, f"{LETTERS} > 40000")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        pairs = [_reload(page, session) for _ in range(RELOADS)]
        words = httpx.get(f"{url}/api/v1/runs/{run_id}", trust_env=False).json()["words"]
        chromium.close()
    times, costs = (sorted(each) for each in zip(*pairs, strict=True))
    median = statistics.median(times)
    said = f"median {median:.0f} ms, fastest {times[0]:.0f} ms, slowest {times[-1]:.0f} ms"
    what = f"{words} words after a reload, {RELOADS} times"
    return [
        Row(what, said, f"{LIMIT_MS} ms", median / LIMIT_MS, f"≤ {LIMIT_MS} ms", median <= LIMIT_MS),
        Row("processor time of the page's thread", f"median {statistics.median(costs):.0f} ms", ""),
    ]


def _write_most_of_it(url: str) -> str:
    body = {"format": "podcast", "input": INPUTS}
    started = httpx.post(f"{url}/api/v1/runs", json=body, trust_env=False)
    run_id = str(started.raise_for_status().json()["run_id"])
    deadline = time.monotonic() + 240
    while True:
        run = httpx.get(f"{url}/api/v1/runs/{run_id}", trust_env=False).json()
        if run["words"] >= 0.85 * INPUTS["target_words"]:
            return run_id
        assert run["status"] == "running" and time.monotonic() < deadline, run["error"]
        time.sleep(0.2)


def _wait_for(page: Page, what: str) -> None:
    """Playwright's own way evaluates text in the page, which its policy forbids."""
    while not page.evaluate(what):
        page.wait_for_timeout(20)


def _reload(page: Page, session: CDPSession) -> tuple[float, float]:
    """Milliseconds until all is shown, and of them those that the page's thread computed."""
    page.evaluate(f"sessionStorage.setItem('wanted', {LETTERS})")
    page.reload()
    _wait_for(page, "Boolean(window.allShown)")
    return float(page.evaluate("window.allShown")), _thread_time(session) * 1000


def _thread_time(session: CDPSession) -> float:
    """Seconds of the processor since the navigation."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "ThreadTime")


if __name__ == "__main__":
    show_one(run, "reload")
