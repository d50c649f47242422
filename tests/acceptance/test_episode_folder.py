"""An episode in a folder: killed in the middle of a section, and gone on with by the same command."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule
from tests.podcasts import CALLS, EPISODE, PIECES, pack, script
from workflows.text.sentences import split_sentences

_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_")
TOPIC = {name: value for name, value in EPISODE["topic"].items() if name != "id"}


def _arguments(folder: Path, *more: str) -> list[str]:
    command = ["generate", "podcast", "--topic", "night-trains", "--topics", str(folder / "topics")]
    return [*command, "--out", str(folder / "out"), "--words", "2000", "--no-search", *more]


def _settings(folder: Path, provider: FakeProvider) -> dict[str, str]:
    return {
        "STORYWIRE_DATA_DIR": str(folder / "data"),
        "STORYWIRE_MODEL": "openai:gpt-test",
        "STORYWIRE_JUDGE": "off",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider.openai_url,
        "COLUMNS": "200",
    }


async def _episode(folder: Path, provider: FakeProvider) -> asyncio.subprocess.Process:
    given = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli.main", *_arguments(folder)),
        env={**given, **_settings(folder, provider)},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _episode_again(folder: Path, provider: FakeProvider, *more: str) -> tuple[int, str]:
    """Status and standard error; in this process, since nobody is killed."""
    runner = CliRunner(env=_settings(folder, provider))
    told = await asyncio.to_thread(runner.invoke, app, _arguments(folder, *more))
    return told.exit_code, told.stderr


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


async def test_episode_that_was_killed_goes_on_from_its_folder_and_buys_nothing_twice(
    provider: FakeProvider, tmp_path: Path
) -> None:
    topics, out = tmp_path / "topics", tmp_path / "out"
    topics.mkdir()
    (topics / "night-trains.yaml").write_text(json.dumps({**TOPIC, "hosts": EPISODE["hosts"]}))
    held = Rule(Reply(hold_after=30), contains='"Why It Matters"', times=1)
    provider.script = script(held)

    first = await _episode(tmp_path, provider)
    await provider.wait_for_held(within=60)
    growing = out / "sections" / "03-why-it-matters.part.md"
    while not growing.exists() or len(growing.read_text()) < 40:  # noqa: ASYNC110 — a file rings no bell
        await asyncio.sleep(0.02)
    first.kill()
    await first.wait()
    assert sorted(path.name for path in (out / "sections").iterdir()) == [
        "01-cold-open.md",
        "02-what-happened.md",
        "03-why-it-matters.part.md",
    ]
    kept = (out / "sections" / "02-what-happened.md").read_text()

    second = await _episode(tmp_path, provider)
    output, errors = await second.communicate()
    assert second.returncode == 0, errors.decode()
    assert len(provider.generations) == CALLS + 1  # the section that was under way, and nothing else
    sections = sorted((out / "sections").iterdir())
    assert len(sections) == 10 and not list(out.rglob("*.part.md"))
    assert sections[1].read_text() == kept
    stitched = (out / "script.md").read_text()
    assert all(path.read_text() in stitched for path in sections)
    assert _json(out / "canonical_pack.json") == pack()
    assert _json(out / "sources.json") == []
    assert len(list((out / "pieces").iterdir())) == 14
    shown = output.decode()
    assert all(part.strip() in shown for part in split_sentences((out / "pieces" / "R8.md").read_text()))
    assert _json(out / "metadata.json")["model_calls"] >= CALLS

    status, said = await _episode_again(tmp_path, provider)
    assert status == 0, said
    assert len(provider.generations) == CALLS + 1

    status, said = await _episode_again(tmp_path, provider, "--tone", "grave")
    assert status == 1 and "another folder" in said
    assert sum(PIECES in call.prompt_text for call in provider.generations) == 1
