"""The command line, as a person uses it.

Most commands run in the test's own process, one to a thread and a loop of its own: a start of Python and of
everything that a service needs costs more than what is tried here.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.log_output import reset_log_output
from tests.service import CALLS, serve, settings_for

_OURS = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_")


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a folder without settings, and without those of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    yield
    reset_log_output()


def _given(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    return {"STORYWIRE_DATA_DIR": str(folder / "data"), "COLUMNS": "200", **environment}


async def _storywire(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Status, standard output, standard error."""
    runner = CliRunner(env=_given(folder, environment))
    told = await asyncio.to_thread(runner.invoke, app, arguments)
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, told.stdout, told.stderr


async def _storywire_process(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """The same, from a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend.cli.main", *arguments),
        env={**os.environ, **_given(folder, environment)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()


def _openai(provider: FakeProvider) -> dict[str, str]:
    return {
        "STORYWIRE_MODEL": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider.openai_url,
    }


STORY = ("generate", "story", "--theme", "space", "--age", "7", "--level", "beginner")


async def test_generate_writes_the_story_to_standard_output_and_keeps_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    status, output, errors = await _storywire_process(tmp_path, *STORY, **_openai(provider))
    _, listed, _ = await _storywire(tmp_path, "runs", "list")
    run_id = next(line.split()[0] for line in listed.splitlines() if "completed" in line)
    _, shown, _ = await _storywire(tmp_path, "runs", "show", run_id)

    assert status == 0, errors
    assert output.strip() == shown.strip() and len(output.split()) > 100
    assert "Safety" in errors and "1." in errors


async def test_generate_keeps_its_budget_and_usage_tells_what_was_spent(
    provider: FakeProvider, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('["openai:*"]\ninput = 1\noutput = 10\n')
    given = {**_openai(provider), "STORYWIRE_PRICES": str(prices)}
    provider.script = Script(rules=(Rule(Reply(words=150), structured=False),))
    status, _, errors = await _storywire(tmp_path, *STORY, "--budget", "0.006", **given)
    _, table, _ = await _storywire(tmp_path, "usage", "--by", "model", **given)

    assert status == 1 and "BUDGET_EXCEEDED" in errors
    assert "openai:gpt-test" in table and "$0.00" in table


async def test_generate_on_a_service_tells_the_same(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve(settings_for(provider, tmp_path / "service")) as service:
        status, output, errors = await _storywire(tmp_path, *STORY, "--server", service.client.base_url)
        [run] = (await service.client.http.get("/api/v1/runs")).json()["runs"]
        text = (await service.client.run(run["run_id"]))["text"]

    assert status == 0, errors
    assert output.strip() == text


async def _break(provider: FakeProvider, folder: Path) -> tuple[str, str, str]:
    """A story whose second scene breaks off: its id, what was printed of it, and what was said."""
    fault = Fault("drop", after=9, times=1)
    provider.script = Script(rules=(Rule(Reply(fault=fault), structured=False, nth=2),))
    status, printed, said = await _storywire(folder, *STORY, **_openai(provider))
    assert status == 1
    [run_id] = await _ids(folder, "failed")
    return run_id, printed, said


async def _ids(folder: Path, status: str) -> list[str]:
    _, listed, _ = await _storywire(folder, "runs", "list")
    return [line.split()[0] for line in listed.splitlines() if status in line]


async def test_broken_run_is_told_with_its_three_ways_out(provider: FakeProvider, tmp_path: Path) -> None:
    run_id, _, said = await _break(provider, tmp_path)

    assert f"storywire runs resume {run_id}" in said
    assert f"storywire runs show {run_id}" in said
    assert " ID" not in said
    assert "start afresh" in said


async def test_broken_run_that_is_resumed_is_complete_and_keeps_what_was_finished(
    provider: FakeProvider, tmp_path: Path
) -> None:
    run_id, printed, _ = await _break(provider, tmp_path)
    status, whole, _ = await _storywire(tmp_path, "runs", "resume", run_id, **_openai(provider))
    _, shown, _ = await _storywire(tmp_path, "runs", "show", run_id)

    assert status == 0 and await _ids(tmp_path, "completed") == [run_id]
    assert whole == shown
    assert shown.split("\n\n")[0] in printed  # the first scene, as it was
    assert len(provider.generations) == CALLS + 1


async def test_text_of_a_broken_run_can_be_taken_as_far_as_it_came(
    provider: FakeProvider, tmp_path: Path
) -> None:
    run_id, printed, _ = await _break(provider, tmp_path)
    status, shown, _ = await _storywire(tmp_path, "runs", "show", run_id)

    assert status == 0 and shown.strip() == printed.strip() and len(shown.split()) > 50
    assert await _ids(tmp_path, "failed") == [run_id]  # looking at it changes nothing
    assert len(provider.generations) == 3


async def test_after_a_broken_run_the_same_command_starts_afresh_and_leaves_it_as_it_is(
    provider: FakeProvider, tmp_path: Path
) -> None:
    run_id, printed, _ = await _break(provider, tmp_path)
    status, whole, _ = await _storywire(tmp_path, *STORY, **_openai(provider))
    [fresh] = await _ids(tmp_path, "completed")
    _, shown, _ = await _storywire(tmp_path, "runs", "show", fresh)
    _, kept, _ = await _storywire(tmp_path, "runs", "show", run_id)

    assert status == 0 and fresh != run_id and shown.strip() == whole.strip()
    assert kept.strip() == printed.strip() and await _ids(tmp_path, "failed") == [run_id]
    assert len(provider.generations) == 3 + CALLS


async def test_wrong_words_are_answered_with_a_sentence(provider: FakeProvider, tmp_path: Path) -> None:
    age = await _storywire(
        tmp_path, "generate", "story", "--theme", "space", "--age", "99", **_openai(provider)
    )
    model = await _storywire(tmp_path, "serve", STORYWIRE_MODEL="gpt-4")
    port = await _storywire(tmp_path, "serve", STORYWIRE_PORT="lots")
    weak = tmp_path / "weak"
    weak.write_text("short")
    accounts = {"STORYWIRE_AUTH": "accounts", "STORYWIRE_SECRETS_FILE": str(weak), "STORYWIRE_PORT": "0"}
    secret = await _storywire(tmp_path, "serve", **accounts)
    missing = await _storywire(tmp_path, "runs", "show", "01JD8V5S3E9T0B6Q000000000")
    with refuse_port() as closed:
        nobody = await _storywire(tmp_path, *STORY, "--server", f"http://127.0.0.1:{closed}")

    assert age[0] == 2 and "reader.age" in age[2]
    assert model[0] == 2 and "STORYWIRE_MODEL" in model[2]
    assert port[0] == 2 and "STORYWIRE_PORT" in port[2]
    assert secret[0] == 2 and "STORYWIRE_SECRETS" in secret[2] and "http://" not in secret[2]
    assert missing[0] == 1 and "There is no run" in missing[2]
    assert nobody[0] == 1 and "There is no service" in nobody[2]
    assert not any("Traceback" in errors for _, _, errors in (age, model, port, secret, missing, nobody))


async def test_version_is_printed(tmp_path: Path) -> None:
    status, output, _ = await _storywire(tmp_path, "--version")

    assert status == 0 and output.startswith("storywire 0.")


async def test_generate_from_a_file_writes_in_any_format_and_names_what_is_wrong_in_it(
    provider: FakeProvider, tmp_path: Path
) -> None:
    wish = tmp_path / "wish.yaml"
    wish.write_text("topic: How bees find flowers\nduration_minutes: 1\n", encoding="utf-8")
    command = ("generate", "file", "creator_script", str(wish))
    status, output, errors = await _storywire(tmp_path, *command, **_openai(provider))
    wish.write_text("duration_minutes: 90\ntopic: Bees\n", encoding="utf-8")
    refused, _, said = await _storywire(tmp_path, *command, **_openai(provider))
    unread, _, why = await _storywire(
        tmp_path, "generate", "file", "creator_script", str(tmp_path / "no.yaml")
    )

    assert status == 0, errors
    assert output.startswith("[00:00–00:09] HOOK\n")
    assert refused == 2 and "duration_minutes: " in said
    assert unread == 2 and "can't be read" in why


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", {"COMP_WORDS": "storywire runs re", "COMP_CWORD": "2"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "storywire runs re"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "storywire runs re", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
async def test_commands_are_completed_in_the_words_of_each_shell(
    tmp_path: Path, shell: str, words: dict[str, str]
) -> None:
    status, output, errors = await _storywire(
        tmp_path, **{"_STORYWIRE_COMPLETE": f"complete_{shell}", **words}
    )
    assert (status, errors) == (0, "")
    assert "resume" in output and "list" not in output


async def test_script_for_bash_completes_in_bash(tmp_path: Path) -> None:
    _, script, _ = await _storywire(tmp_path, _STORYWIRE_COMPLETE="source_bash")
    typed = (
        'COMP_WORDS=(storywire runs resu); COMP_CWORD=2; _storywire_completion "$0"; echo "${COMPREPLY[@]}"'
    )
    command = Path(sys.executable).with_name("storywire")
    process = await asyncio.create_subprocess_exec(
        *("bash", "--norc", "-c", f"{script}\n{typed}", str(command)),
        env={**os.environ, **_given(tmp_path, {})},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert output.decode().split() == ["resume"]
