"""Whole runs with each provider's own protocol, over real HTTP."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, FaultKind, Reply, Rule, Script
from tests.service import CALLS, serve, settings_for

PROVIDERS: dict[str, dict[str, Any]] = {
    "openai": {"model": "openai:gpt-test"},
    "google_genai": {"model": "google_genai:gemini-2.5-flash", "GOOGLE_API_KEY": "g-test"},
    "groq": {"model": "groq:llama-test", "GROQ_API_KEY": "q-test"},
    "ollama": {"model": "ollama:llama3.2"},
}


def _settings(provider: FakeProvider, name: str, data_dir: Path, **more: Any) -> Any:
    urls = {
        "GOOGLE_GEMINI_BASE_URL": provider.gemini_url,
        "GROQ_BASE_URL": provider.openai_url,
        "OLLAMA_BASE_URL": provider.root_url,
    }
    return settings_for(provider, data_dir, **urls, **PROVIDERS[name], **more)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_story_is_written_with_every_provider(
    provider: FakeProvider, tmp_path: Path, name: str
) -> None:
    async with serve(_settings(provider, name, tmp_path)) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    assert told.text == told.ending["story_content"]
    assert told.ending["usage"]["input_tokens"] > 0 and told.ending["usage"]["output_tokens"] > 0
    assert len(provider.generations) == CALLS


@pytest.mark.parametrize("name", ["openai", "google_genai"])
@pytest.mark.parametrize(
    ("kind", "status", "after", "code"),
    [
        ("bad_key", 0, None, "MODEL_AUTH"),
        ("status", 404, None, "MODEL_NOT_CONFIGURED"),
        ("status", 429, None, "MODEL_RATE_LIMITED"),
        ("status", 503, None, "MODEL_UNAVAILABLE"),
        ("drop", 0, 20, "MODEL_UNAVAILABLE"),
        ("close", 0, 20, "MODEL_UNAVAILABLE"),
        ("bad_json", 0, 20, "MODEL_UNAVAILABLE"),
        ("no_finish", 0, 20, "MODEL_TRUNCATED"),
        ("length", 0, 20, "MODEL_TRUNCATED"),
        ("content_filter", 0, 20, "SAFETY_REJECTED"),
        ("empty", 0, None, "MODEL_BAD_OUTPUT"),
        ("hang", 0, 20, "MODEL_TIMEOUT"),
    ],
)
async def test_fault_has_the_same_code_whoever_the_provider_is(
    provider: FakeProvider,
    tmp_path: Path,
    name: str,
    kind: FaultKind,
    status: int,
    after: int | None,
    code: str,
) -> None:
    fault = Fault(kind, after=after, status=status)
    provider.script = Script(rules=(Rule(Reply(fault=fault), structured=False, nth=1),))
    async with serve(
        _settings(provider, name, tmp_path, token_timeout=0.8 if kind == "hang" else 30)
    ) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == code
    assert "sk-test" not in told.ending["message"] and "g-test" not in told.ending["message"]
    assert len(provider.generations) == 2  # the plan and one scene: nothing was tried again


@pytest.mark.parametrize("name", ["openai", "google_genai"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("length", "MODEL_TRUNCATED"),
        ("no_finish", "MODEL_TRUNCATED"),
        ("empty", "MODEL_BAD_OUTPUT"),
        ("hang", "MODEL_TIMEOUT"),
    ],
)
async def test_plan_that_is_cut_or_refused_is_no_plan(
    provider: FakeProvider, tmp_path: Path, name: str, kind: FaultKind, code: str
) -> None:
    after = 20 if kind in ("length", "no_finish") else None
    provider.script = Script(rules=(Rule(Reply(fault=Fault(kind, after=after)), structured=True),))
    async with serve(
        _settings(provider, name, tmp_path, answer_timeout=0.8 if kind == "hang" else 30)
    ) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == code, told.ending
    assert told.sections == {} and len(provider.generations) == 1


@pytest.mark.parametrize(
    ("name", "code"), [("openai", "MODEL_BAD_OUTPUT"), ("google_genai", "SAFETY_REJECTED")]
)
async def test_refusal_is_told_as_the_provider_means_it(
    provider: FakeProvider, tmp_path: Path, name: str, code: str
) -> None:
    provider.script = Script(rules=(Rule(Reply(fault=Fault("refusal")), structured=True),))
    async with serve(_settings(provider, name, tmp_path)) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == code, told.ending
