"""How long a reload takes, in the middle of a 10,000-word episode, until all of its text is on the page.

`python -m tests.browser.measure_reload` starts the service with a scripted provider, waits until most of the episode is
written, and reloads the page in Chromium while the rest is being written.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import BROWSERS, FLAGS
from tests.browser.live import serve_scripted
from tests.fakes.script import Reply, Rule
from tests.podcasts import EPISODE, SECTIONS, script

INPUTS = {**EPISODE, "search": "off", "target_words": 10_000}
RELOADS = 15
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


def main() -> None:
    """Prints the times in milliseconds."""
    slow_end = Rule(Reply(pace=15), structured=False, nth=SECTIONS - 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_scripted(Path(folder), script(slow_end, inputs=INPUTS), judge="off") as url,
        sync_playwright() as playwright,
    ):
        run_id = _write_most_of_it(url)
        chromium = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, BROWSERS))), args=FLAGS
        )
        page = chromium.new_page(viewport={"width": 1100, "height": 720})
        page.add_init_script(WATCH)
        page.goto(f"{url}#run={run_id}")
        page.wait_for_function(f"{LETTERS} > 40000")
        times = sorted(_reload(page) for _ in range(RELOADS))
        words = httpx.get(f"{url}/api/v1/runs/{run_id}", trust_env=False).json()["words"]
        chromium.close()
    sys.stdout.write(
        f"{words} words on the page after a reload: median {statistics.median(times):.0f} ms, "
        f"slowest of {RELOADS} {times[-1]:.0f} ms\n"
    )


def _write_most_of_it(url: str) -> str:
    body = {"format": "podcast", "input": INPUTS}
    started = httpx.post(f"{url}/api/v1/runs", json=body, trust_env=False)
    run_id = str(started.raise_for_status().json()["run_id"])
    deadline = time.monotonic() + 120
    while True:
        run = httpx.get(f"{url}/api/v1/runs/{run_id}", trust_env=False).json()
        if run["words"] >= 0.85 * INPUTS["target_words"]:
            return run_id
        assert run["status"] == "running" and time.monotonic() < deadline, run["error"]
        time.sleep(0.2)


def _reload(page: Page) -> float:
    page.evaluate(f"sessionStorage.setItem('wanted', {LETTERS})")
    page.reload()
    page.wait_for_function("window.allShown")
    return float(page.evaluate("window.allShown"))


if __name__ == "__main__":
    main()
