"""The reader's rule in Node, without a browser."""

import shutil
import subprocess
from pathlib import Path

from tests.missing import give_up

SUITE = Path(__file__).with_name("reader.test.mjs")


def test_reader_rule_in_node_passes_its_suite() -> None:
    node = shutil.which("node")
    if node is None:
        give_up("no Node.js on this machine")
    result = subprocess.run([node, "--test", str(SUITE)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stdout + result.stderr
