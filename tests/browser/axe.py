"""axe-core, in a page that a test has open."""

from typing import Any

from playwright.sync_api import Page

from tests.clients.node import CLIENT
from tests.missing import give_up

AXE = CLIENT / "node_modules" / "axe-core" / "axe.min.js"


def find_faults(page: Page) -> list[str]:
    """What breaks its rules on this page as it is now."""
    if not AXE.exists():
        give_up("no package axe-core: `make npm`")
    # Evaluated rather than added as a script: the page's own policy allows none but the service's.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
