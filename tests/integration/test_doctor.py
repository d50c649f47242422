"""`storywire doctor`: what it finds, what it advises, and that it never prints a key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.fakes.insecure import self_signed, serve_insecure
from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.integration.test_record_and_replay import EXAMPLE
from tests.models import KEY, settings_of
from workflows.models.choice.selection import EMBEDDED
from workflows.models.doctor.checkup import check_models
from workflows.models.doctor.finding import DoctorFinding

MODELS = ("gpt-test", "gpt-test-mini", "llama-test", "gemini-test", "llama3.2:latest")


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """One for all: it runs in a thread of its own."""
    running = FakeProvider(Script(models=MODELS, api_key=KEY))
    running.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def accepting(provider: FakeProvider) -> None:
    """Every test begins with a provider that is well."""
    provider.script = Script(models=MODELS, api_key=KEY)


NOTHING: dict[str, Any] = dict.fromkeys(
    ["OPENAI_API_KEY", "OPENAI_BASE_URL", "GOOGLE_API_KEY", "GROQ_API_KEY", "OLLAMA_BASE_URL"]
)
NOTHING |= {"compatible_base_url": None, "compatible_api_key": None}
OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


async def look(
    provider: FakeProvider, tmp_path: Path, model: str, *kept: str, **more: Any
) -> dict[str, DoctorFinding]:
    """The findings by what they are about; only the settings in `kept` are set, and those in `more`."""
    rest = {name: value for name, value in NOTHING.items() if name not in kept}
    settings = settings_of(provider.root_url, **{**rest, "model": model, "runtime_dir": tmp_path, **more})
    return {finding.about.split(" ")[0]: finding for finding in await check_models(settings)}


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("openai:gpt-test", OPENAI),
        ("openai_responses:gpt-test", OPENAI),
        ("google_genai:gemini-test", ("GOOGLE_API_KEY",)),
        ("groq:llama-test", ("GROQ_API_KEY",)),
        ("openai_compatible:gpt-test", ("compatible_base_url", "compatible_api_key")),
    ],
)
async def test_doctor_finds_every_provider_well_by_one_request(
    provider: FakeProvider, tmp_path: Path, model: str, kept: tuple[str, ...]
) -> None:
    seen = len(provider.calls)
    found = await look(provider, tmp_path, model, *kept)
    assert found[model.partition(":")[0]].message == "reached, and lets us in; it lists 5 models"
    assert found[model].level == "good"
    requests = [call.api for call in provider.calls[seen:]]
    assert set(requests) == {"models"} and len(requests) == (2 if "responses" in model else 1)


async def test_doctor_knows_that_ollama_leaves_its_tag_out(provider: FakeProvider, tmp_path: Path) -> None:
    provider.script = Script(models=MODELS)
    found = await look(provider, tmp_path, "ollama:llama3.2", "OLLAMA_BASE_URL")
    assert found["ollama:llama3.2"].level == "good"


async def test_doctor_names_models_that_are_near_to_one_that_is_not_there(
    provider: FakeProvider, tmp_path: Path
) -> None:
    found = await look(provider, tmp_path, "openai:gpt-tset", *OPENAI)
    finding = found["openai:gpt-tset"]
    assert finding.level == "bad" and "gpt-test" in finding.message


@pytest.mark.parametrize("name", ["openai:gpt-test", "google_genai:gemini-test"])
async def test_doctor_says_which_key_is_refused_and_never_the_key(
    provider: FakeProvider, tmp_path: Path, name: str
) -> None:
    provider.script = Script(api_key="another")
    found = await look(provider, tmp_path, name, *OPENAI, "GOOGLE_API_KEY")
    finding = found[name.partition(":")[0]]
    assert finding.level == "bad" and "check " in finding.message and "_API_KEY" in finding.message
    assert KEY not in str(found)


@pytest.mark.parametrize(
    ("status", "level", "says"),
    [(429, "doubtful", "slow down"), (503, "bad", "failing"), (404, "bad", "/v1? It is OPENAI_BASE_URL")],
)
async def test_doctor_says_what_a_status_means(
    provider: FakeProvider, tmp_path: Path, status: int, level: str, says: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("status", status=status)), api="models"),))
    found = await look(provider, tmp_path, "openai:gpt-test", *OPENAI)
    assert says in found["openai"].message and found["openai"].level == level
    assert found["openai:gpt-test"].message == "could not be looked up, see above"


async def test_doctor_says_where_nobody_answers(provider: FakeProvider, tmp_path: Path) -> None:
    with refuse_port() as port:
        url = f"http://user:{KEY}@127.0.0.1:{port}/v1"
        found = await look(provider, tmp_path, "openai:gpt-test", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert found["openai"].level == "bad"
    assert f"http://127.0.0.1:{port}/v1 can't be reached" in found["openai"].message
    assert "OPENAI_BASE_URL" in found["openai"].message and KEY not in str(found)


async def test_doctor_says_that_a_connection_is_not_secure(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_insecure(self_signed(tmp_path)) as (url, _):
        found = await look(provider, tmp_path, "openai:gpt-test", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert "TLS" in found["openai"].message and found["openai"].level == "bad"


async def test_doctor_tells_what_runs_need_from_what_they_do_not(
    provider: FakeProvider, tmp_path: Path
) -> None:
    found = await look(
        provider,
        tmp_path,
        "openai:gpt-test",
        *OPENAI,
        GROQ_API_KEY="wrong",
        derived_model="openai:gone",
        fallback_model="groq:x",
    )
    assert (found["groq"].level, found["groq:x"].level) == ("doubtful", "doubtful")
    assert found["openai:gone"].level == "bad" and "(derived)" in found["openai:gone"].about
    found = await look(provider, tmp_path, "openai:gpt-test", *OPENAI, fallback_model="groq:x")
    assert found["groq:x"].level == "doubtful" and "set GROQ_API_KEY" in found["groq:x"].message
    found = await look(provider, tmp_path, "openai:gpt-test", *OPENAI, outline_model="groq:x")
    assert found["groq:x"].level == "bad" and "set GROQ_API_KEY" in found["groq:x"].message


def _run(monkeypatch: pytest.MonkeyPatch, folder: Path, **environment: str) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GOOGLE_API_KEY", "GEMINI_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"STORYWIRE_RUNTIME_DIR": str(folder), **environment}.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["doctor"])
    return result.exit_code, result.output


def test_doctor_on_the_command_line_says_that_all_is_well(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, output = _run(
        monkeypatch,
        tmp_path,
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL=provider.openai_url,
        STORYWIRE_MODEL="openai:gpt-test",
    )
    assert status == 0, output
    assert "Runs can be written." in output and "policies: child" in output
    assert not (tmp_path / "data").exists()  # looked at, not made


def test_doctor_on_the_command_line_ends_with_1_when_runs_would_fail(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    status, output = _run(
        monkeypatch,
        tmp_path,
        OPENAI_API_KEY="sk-wrong",
        OPENAI_BASE_URL=provider.openai_url,
        STORYWIRE_MODEL="openai:gpt-test",
        STORYWIRE_DATA_DIR="file/data",
    )
    assert status == 1
    assert "the key is refused (401): check OPENAI_API_KEY" in output and "sk-wrong" not in output
    assert "STORYWIRE_DATA_DIR" in output and "Runs would fail: 2 to mend." in output


def test_doctor_refuses_options_of_a_measurement_without_an_address() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json", "--ticks", "5"])
    assert result.exit_code == 2
    assert "--ticks: only with the address of a service" in result.stderr


async def test_doctor_knows_that_a_recording_asks_nobody(provider: FakeProvider, tmp_path: Path) -> None:
    seen = len(provider.calls)
    found = await look(provider, tmp_path, f"replay:{EXAMPLE}")
    assert found[f"replay:{EXAMPLE}"].level == "good" and len(provider.calls) == seen


async def test_doctor_finds_that_the_embedded_model_is_to_judge(
    provider: FakeProvider, tmp_path: Path
) -> None:
    message = "too small to judge; set STORYWIRE_JUDGE_MODEL, or leave STORYWIRE_JUDGE at auto"
    findings = await check_models(
        settings_of(provider.root_url, model=str(EMBEDDED), runtime_dir=tmp_path, judge="llm")
    )
    assert DoctorFinding("bad", f"{EMBEDDED} (judge)", message) in findings
