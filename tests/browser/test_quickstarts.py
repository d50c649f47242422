"""The quickstarts, run as they are printed: pages in a browser, programs in Python, all with one service."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.architecture.tree import ROOT, code_blocks
from tests.browser.live import serve_scripted
from tests.clients.node import CLIENT, node
from tests.fakes.script import Script
from tests.missing import give_up

pytestmark = pytest.mark.browser

PAGES = Path("docs/front-ends")
PRINTED = "http://127.0.0.1:8000"
BUNDLED = {"react": "tsx", "vue": "vue", "ai-sdk": "tsx", "copilotkit": "tsx", "langgraph": "tsx"}
EXAMPLES, OWN_ORIGIN = CLIENT / "examples", "new Storywire()"
_SHOWS = """words => {
  const shown = [...document.querySelectorAll("p:not([role])")].map(p => p.textContent).join(" ");
  return shown.split(/\\s+/).filter(Boolean).join(" ") === words.join(" ");
}"""
"""Whether the page's paragraphs hold these words."""
PROGRAMS = [("python", 0), ("python", 1), ("langgraph", 0)]


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder of pages, and the address where they are served: another origin than the service's."""
    folder = tmp_path_factory.mktemp("pages")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def service(pages: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that pages of that origin may use."""
    folder, origin = pages
    with serve_scripted(tmp_path_factory.mktemp("service"), Script(), origins=origin) as url:
        _write_pages(folder, url)
        yield url


def _write_pages(folder: Path, url: str) -> None:
    """The pages as they are printed, with the service's address."""
    if not (CLIENT / "node_modules" / "esbuild").exists():
        give_up("no packages of npm: `make npm`")
    found = {}
    for name, kind in BUNDLED.items():
        code, *_ = code_blocks(PAGES / f"{name}.md", kind)
        assert PRINTED in code, name
        found[name] = {"code": code.replace(PRINTED, url), "kind": kind}
    component = (EXAMPLES / "story.vue").read_text(encoding="utf-8")
    assert OWN_ORIGIN in component
    code = component.replace(OWN_ORIGIN, f'new Storywire({{ baseUrl: "{url}" }})')
    found["story"] = {"code": code, "kind": "vue"}
    given = json.dumps({"folder": str(folder), "pages": found})
    script = Path(__file__).parent / "quickstarts.mjs"
    built = subprocess.run([node(), str(script)], input=given, capture_output=True, text=True, timeout=100)
    assert built.returncode == 0, built.stderr
    [plain] = code_blocks(PAGES / "plain.md", "html")
    (folder / "plain.html").write_text(plain.replace(PRINTED, url), encoding="utf-8")
    example = (EXAMPLES / "page.html").read_text(encoding="utf-8")
    (folder / "examples").mkdir()
    (folder / "examples" / "page.html").write_text(example.replace(PRINTED, url), encoding="utf-8")
    subprocess.run([CLIENT / "node_modules/.bin/tsc", "-p", "tsconfig.json"], cwd=CLIENT, check=True)
    (folder / "dist").symlink_to(CLIENT / "dist")


def _completed(url: str) -> list[str]:
    """The completed runs, newest first."""
    runs = httpx.get(f"{url}/api/v1/runs?status=completed", trust_env=False).json()["runs"]
    return [run["run_id"] for run in runs]


def _newest_text(url: str) -> str:
    run = httpx.get(f"{url}/api/v1/runs/{_completed(url)[0]}", trust_env=False).json()
    return str(run["result"]["story_content"])


@pytest.mark.parametrize("name", ["plain", *BUNDLED])
def test_page_of_a_quickstart_shows_the_stored_text(
    browser: Browser, service: str, pages: tuple[Path, str], name: str
) -> None:
    _, origin = pages
    with browser.new_context() as context:
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{origin}/{name}.html")
        before = len(_completed(service))
        page.get_by_role("button", name="Write").click()
        while len(_completed(service)) == before:
            page.wait_for_timeout(50)
        page.wait_for_function(_SHOWS, arg=_newest_text(service).split(), timeout=20_000)
        expect(page.get_by_role("status")).to_have_text(
            # what our clients say at the end, and what the others do
            "completed" if name in ("plain", "react", "vue") else "ready"
        )
        assert faults == []


def test_examples_show_a_story_that_they_start_and_one_that_they_follow(
    browser: Browser, service: str, pages: tuple[Path, str]
) -> None:
    _, origin = pages
    with browser.new_context() as context:
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(str(error)))
        before = len(_completed(service))
        page.goto(f"{origin}/examples/page.html?theme=an%20owl")
        expect(page.locator("#title")).not_to_have_text("…")
        while len(_completed(service)) == before:
            page.wait_for_timeout(50)
        words = _newest_text(service).split()
        page.wait_for_function(_SHOWS, arg=words, timeout=20_000)
        page.goto(f"{origin}/story.html?runId={_completed(service)[0]}")
        page.wait_for_function(_SHOWS, arg=words, timeout=20_000)
        assert page.get_by_role("button").count() == 0  # nothing failed
        assert faults == []


@pytest.mark.parametrize(("name", "index"), PROGRAMS)
def test_program_of_a_quickstart_prints_the_stored_text(service: str, name: str, index: int) -> None:
    code = code_blocks(PAGES / f"{name}.md", "python")[index].replace(PRINTED, service)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "clients/python"), "PATH": ""},
    )
    assert ran.returncode == 0, ran.stderr
    assert _newest_text(service) in ran.stdout
