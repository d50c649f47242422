"""The API reference in a browser without a network."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.live import serve_scripted
from tests.fakes.script import Script

pytestmark = pytest.mark.browser


def test_reference_shows_every_operation_and_asks_nobody_but_the_service(
    browser: Browser, tmp_path: Path
) -> None:
    with serve_scripted(tmp_path, Script()) as url, browser.new_context() as context:
        page, asked, faults = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: faults.append(message.text))
        page.goto(f"{url}/docs")
        document = httpx.get(f"{url}/openapi.json", trust_env=False).json()
        shown = page.eval_on_selector_all(
            "details", "all => all.map(each => [each.id, each.querySelector('summary').innerText])"
        )
        assert {id: text.split() for id, text in shown} == {
            operation["operationId"]: [method.upper(), path]
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }
        stream = page.locator("#generate_stream")
        stream.locator("summary").click()
        expect(stream.get_by_role("link", name="StoryChunk")).to_be_visible()
        stream.get_by_role("link", name="StoryChunk").click()
        expect(page.locator("#schema-StoryChunk h3")).to_be_in_viewport()
        assert {each.removeprefix(url) for each in asked} <= {
            "/docs",
            "/docs/style.css",
            "/static/favicon.svg",
        }
        assert faults == []
