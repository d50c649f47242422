"""Output of the command line: nothing that a model, a reader or a server wrote acts on the terminal or is markup."""

import ast
import asyncio
import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from backend.cli.runs.screen import RunScreen
from backend.cli.terminal import clean
from tests.architecture.tree import ROOT
from tests.fakes.provider import FakeProvider
from tests.unit.messages import EVERY_TYPE
from workflows.messages.messages import (
    Message,
    NodeChanged,
    OutlinePlanned,
    ProgressReported,
    RunCompleted,
    RunFailed,
    TextAppended,
    TextRetracted,
)

MARKUP = "[/bold][/] [red]Maya[/red] [link=file:///etc/passwd]x[/link] :smile:"
HOSTILE = f"{MARKUP}\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2028\r\x08\x7f"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

Storywire = Callable[..., tuple[int, str, str]]


@pytest.fixture
def storywire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storywire:
    """Runs a command in a folder of its own: status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
        given = {"STORYWIRE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "600", **environment}
        told = CliRunner(env=given).invoke(app, arguments)
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        return told.exit_code, told.stdout, told.stderr

    return run


def shows(text: str) -> bool:
    """Whether the markup stands there as it was written, and nothing acts on the terminal."""
    return MARKUP in text and not _CONTROL.search(text)


async def test_titles_names_and_texts_of_every_list_are_text(
    provider: FakeProvider, tmp_path: Path, storywire: Storywire
) -> None:
    environment = {
        "STORYWIRE_MODEL": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider.openai_url,
    }
    title = HOSTILE[:79]
    assert MARKUP in title
    await asyncio.to_thread(_check_lists, storywire, tmp_path, title, environment)


def _check_lists(storywire: Storywire, folder: Path, title: str, environment: dict[str, str]) -> None:
    story = ("generate", "story", "--theme", "the moon", "--title", title, "--level", "beginner")
    status, text, about = storywire(*story, **environment)
    assert status == 0, about
    assert MARKUP in about and not _CONTROL.search(about + text)
    status, listed, _ = storywire("runs", "list")
    assert status == 0 and shows(listed), listed
    run_id = next(line.split()[0] for line in listed.splitlines() if "completed" in line)
    assert not _CONTROL.search("".join(storywire("runs", "show", run_id)[1:]))
    assert storywire("sessions", "begin", run_id)[0] == 0
    assert storywire("sessions", "list")[0] == 0

    assert storywire("children", "add", "--name", "[/b] \x1b[2J[red]Maya", "--age", "7")[0] == 0
    status, listed, _ = storywire("children", "list")
    assert status == 0 and "[/b] [2J[red]Maya" in listed and not _CONTROL.search(listed)

    file = folder / "a.md"
    file.write_text("# Moon\n\nThe moon is far away.\n", encoding="utf-8")
    status, _, about = storywire("documents", "add", str(file), "--title", HOSTILE)
    assert status == 0, about
    status, listed, _ = storywire("documents", "list")
    assert status == 0 and shows(listed), listed
    assert storywire("usage", "--by", "model")[0] == 0


@pytest.mark.parametrize(
    "command",
    [
        ("runs", "show", HOSTILE),
        ("runs", "export", HOSTILE),
        ("runs", "resume", HOSTILE),
        ("runs", "quote", HOSTILE),
        ("documents", "delete", HOSTILE),
        ("documents", "add", f"{HOSTILE}.md"),
        ("sessions", "begin", HOSTILE),
        ("generate", "file", HOSTILE, "nothing.yaml"),
        ("generate", "story", "--theme", HOSTILE, "--model", HOSTILE),
        ("generate", "story", "--theme", "moon", "--server", f"http://127.0.0.1:1/{HOSTILE}"),
        ("doctor", f"http://127.0.0.1:1/{HOSTILE}"),
        ("generate", "podcast", "--topic", HOSTILE),
        ("generate", "story", "--theme", "moon", "--level", HOSTILE),
        ("children", "add", "--name", HOSTILE * 3, "--age", "7"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_message_about_what_somebody_typed_is_text(storywire: Storywire, command: tuple[str, ...]) -> None:
    status, output, errors = storywire(*(part.replace("\x00", "") for part in command))
    assert status != 0
    assert not _CONTROL.search(output + errors)


@pytest.fixture
def hostile_server() -> Iterator[str]:
    """Answers everything with a refusal that is hostile to a terminal."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"detail": HOSTILE}).encode()
            self.send_response(503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_a_server_answers_is_text(storywire: Storywire, hostile_server: str) -> None:
    for command in (
        ("generate", "story", "--theme", "moon", "--server", hostile_server),
        ("doctor", hostile_server),
    ):
        status, output, errors = storywire(*command)
        assert status == 1 and MARKUP in output + errors, output + errors
        assert not _CONTROL.search(output + errors)


def hostile_messages() -> list[Message]:
    """A message of every type that a screen shows, with nothing but hostile text."""
    section = {"index": 0, "title": HOSTILE, "summary": HOSTILE, "target_words": 10}
    found: list[Message] = [
        OutlinePlanned.model_validate({"title": HOSTILE, "sections": [section]}),
        NodeChanged(node="outline", status="failed", message=HOSTILE),
        ProgressReported(percent=1, words=1, target_words=2, message=HOSTILE),
        TextAppended(section=0, chunk=HOSTILE),
        TextAppended(section=0, piece="M1", chunk=HOSTILE),
        TextRetracted(section=0, piece="M1", reason="restart"),
        *(
            message.model_copy(update={"message": HOSTILE})
            for message in EVERY_TYPE
            if isinstance(message, RunFailed)
        ),
    ]
    for message in EVERY_TYPE:
        if isinstance(message, RunCompleted):
            choice = {"text": HOSTILE, "description": HOSTILE}
            metadata = {"word_count": 1, "estimated_reading_time": 1, "vocabulary_level": HOSTILE}
            more = {"choice_question": HOSTILE, "choices": [choice], "metadata": metadata}
            found.append(RunCompleted.model_validate({**message.model_dump(), **more}))
    return found


def test_every_message_of_a_run_is_shown_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with RunScreen() as screen:
        for message in hostile_messages():
            screen.show(message)
    told = capsys.readouterr()
    assert not _CONTROL.search(told.out + told.err)
    shown = re.sub(r"\s+", " ", told.out + told.err)
    assert shown.count("[red]Maya[/red]") >= 6


def test_piece_that_goes_on_after_others_says_whose_end_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with RunScreen() as screen:
        for name, chunk in (("M1", "One."), ("R1", "Two."), ("M1", " Three.")):
            screen.show(TextAppended(section=0, chunk=chunk, piece=name))
        screen.show(TextRetracted(section=0, reason="safety", piece="R1"))
        screen.show(TextAppended(section=0, chunk="Four.", piece="R1"))
    assert capsys.readouterr().out == ("M1\n\nOne.\n\nR1\n\nTwo.\n\nM1, its end\n\n Three.\n\nR1\n\nFour.")


def test_text_that_is_broken_off_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), RunScreen() as screen:
        screen.show(TextAppended(section=0, chunk="Maya pressed"))
        raise KeyboardInterrupt
    assert capsys.readouterr().out == "Maya pressed\n"


def test_lines_tabs_and_text_of_every_script_stay() -> None:
    text = "One\n\ttwo — שלום \u200fעולם, 你好 👩\u200d🚀 é"
    assert clean(text) == text


def test_nothing_but_one_module_prints() -> None:
    folders = [ROOT / "backend" / "cli", *(ROOT / "backend").glob("*/cli")]
    files = [
        *(path for folder in folders for path in folder.rglob("*.py")),
        *(ROOT / "backend").glob("*/cli.py"),
    ]
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Name) and node.id in ("print", "Console"))
        or (isinstance(node, ast.Attribute) and node.attr in ("echo", "secho", "stdout", "stderr"))
        or (isinstance(node, ast.ImportFrom) and node.module in ("rich.console", "rich.markup", "rich.text"))
    ]
    assert offenders == []
