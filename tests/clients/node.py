"""Node.js for the tests of the TypeScript client, and the client made ready for it."""

import asyncio
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.missing import give_up

CLIENT = Path(__file__).parents[2] / "clients" / "typescript"
HERE = Path(__file__).parent / "typescript"
LONGEST_SECONDS = 100


@cache
def _node() -> tuple[str | None, str]:
    node = shutil.which("node")
    if node is None:
        return None, "no Node.js on this machine"
    strips = subprocess.run(
        [node, "-p", "Boolean(process.features.typescript)"], capture_output=True, text=True
    )
    compiler = CLIENT / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        ready = strips.stdout.strip() == "true"
        return (
            (node, "")
            if ready
            else (None, "neither npm's packages (`make npm`) nor a Node.js that strips types")
        )
    subprocess.run([compiler, "-p", "tsconfig.json"], cwd=CLIENT, check=True)
    return node, ""


def node() -> str:
    """The path of Node.js; the client is compiled where it has to be."""
    path, reason = _node()
    return path or give_up(reason)


def run_suite(name: str) -> None:
    """Runs a file of Node's own tests."""
    result = subprocess.run([node(), "--test", str(HERE / name)], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr


def run_script(name: str, given: Any, package: str) -> Any:
    """What a script makes of the JSON on its standard input, with a package of npm."""
    if not (CLIENT / "node_modules" / package).exists():
        give_up(f"no package {package}: `make npm`")
    command = [node(), str(HERE / name)]
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


class Scenario:
    """A scenario of `live.mjs` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> dict[str, Any]:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return dict(json.loads(await self._process.stdout.readline()))

    async def write(self, text: str) -> None:
        """A line for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()

    async def result(self) -> dict[str, Any]:
        """What came of it. A scenario that doesn't end is ended, and fails."""
        try:
            out, errors = await asyncio.wait_for(self._process.communicate(), LONGEST_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            pytest.fail(f"the scenario took more than {LONGEST_SECONDS} seconds")
        assert self._process.returncode == 0, errors.decode()
        return dict(json.loads(out))


async def begin(scenario: str, url: str, **given: Any) -> Scenario:
    """Begins a scenario."""
    arguments = json.dumps({"scenario": scenario, "url": url, **given})
    pipe = asyncio.subprocess.PIPE
    path = await asyncio.to_thread(node)
    return Scenario(
        await asyncio.create_subprocess_exec(
            path, str(HERE / "live.mjs"), arguments, stdin=pipe, stdout=pipe, stderr=pipe
        )
    )


async def play(scenario: str, url: str, **given: Any) -> dict[str, Any]:
    """Runs a scenario to its end."""
    return await (await begin(scenario, url, **given)).result()
