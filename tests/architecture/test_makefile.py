"""`make` explains itself."""

import re
import subprocess

from tests.architecture.tree import ROOT

# Parts of other tasks.
INTERNAL = {"venv", "setup", "dev", "lint", "types", "imports", "architecture", "generated", "npm"}


def test_make_without_a_target_explains_every_task() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    tasks = set(phony[1].split()) - INTERNAL
    explained = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {match[1] for match in re.finditer(r"^  make (\w+) +\w", explained, re.MULTILINE)} == tasks
