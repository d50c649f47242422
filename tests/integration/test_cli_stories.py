"""Children and stories over chapters on the command line, which here runs in the test's own process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.provider import FakeProvider
from tests.log_output import reset_log_output

Storywire = Callable[..., Any]


@pytest.fixture
def storywire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Storywire]:
    """Runs a command with data of its own and a fake provider."""
    provider = FakeProvider()
    provider.start()
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "STORYWIRE_DATA_DIR": str(tmp_path / "data"),
        "STORYWIRE_MODEL": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider.openai_url,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    reset_log_output()
    provider.stop()


def test_stored_child_gets_a_story_and_its_next_chapter(storywire: Storywire) -> None:
    child = storywire("children", "add", "--name", "Maya", "--age", "7", "--interests", "stars, cats")
    children = storywire("children", "list")
    told = storywire("generate", "story", "--theme", "space", "--child", child.stdout.strip())
    runs = storywire("runs", "list")
    run_id = next(line.split()[0] for line in runs.stdout.splitlines() if "completed" in line)
    session_id = storywire("sessions", "begin", run_id).stdout.strip()
    chosen = ("generate", "story", "--session", session_id, "--choice")
    gone_on = storywire(*chosen, "1")
    beyond = storywire(*chosen, "9")
    sessions = storywire("sessions", "list")

    assert "stars, cats" in children.stdout and child.stdout.strip() in children.stdout
    assert told.exit_code == gone_on.exit_code == 0, gone_on.output
    assert beyond.exit_code == 2 and "choice_index: there is 0" in beyond.output
    [line] = [line for line in sessions.stdout.splitlines() if session_id in line]
    assert line.split()[1:5] == ["Maya", "2", "20", "%"]


def test_wrong_words_about_children_and_stories_are_answered_with_a_sentence(storywire: Storywire) -> None:
    age = storywire("children", "add", "--name", "Maya", "--age", "99")
    both = storywire("generate", "story", "--theme", "space", "--session", "x", "--choice", "1")
    nothing = storywire("generate", "story")
    nobody = storywire("generate", "story", "--theme", "space", "--child", "nobody")
    no_run = storywire("sessions", "begin", "nothing")

    assert age.exit_code == 2 and "age" in age.output
    assert both.exit_code == 2 and "--session" in both.output
    assert nothing.exit_code == 2 and "--theme" in nothing.output
    assert nobody.exit_code == 1 and "There is no child" in nobody.output
    assert no_run.exit_code == 1 and "There is no run" in no_run.output
