"""Whole runs with each provider's own protocol, over real HTTP."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, FaultKind, Reply, Rule, Script
from tests.service import CALLS, HANG, STORY, serve, settings_for

PROVIDERS: dict[str, dict[str, Any]] = {
    "openai": {"model": "openai:gpt-test"},
    "google_genai": {"model": "google_genai:gemini-2.5-flash", "GOOGLE_API_KEY": "g-test"},
    "groq": {"model": "groq:llama-test", "GROQ_API_KEY": "q-test"},
    "ollama": {"model": "ollama:llama3.2"},
    "openai_responses": {"model": "openai_responses:gpt-test"},
    "openai_compatible": {"model": "openai_compatible:qwen-test"},
}


def _settings(provider: FakeProvider, name: str, data_dir: Path, **more: Any) -> Any:
    urls = {
        "GOOGLE_GEMINI_BASE_URL": provider.gemini_url,
        "GROQ_BASE_URL": provider.openai_url,
        "OLLAMA_BASE_URL": provider.root_url,
        "compatible_base_url": provider.openai_url,
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


# Each fault of each API is in `test_model_faults.py`; here, that a run ends by it as it should.
@pytest.mark.parametrize(
    ("name", "kind", "status", "after", "code"),
    [
        ("openai", "bad_key", 0, None, "MODEL_AUTH"),
        ("google_genai", "bad_key", 0, None, "MODEL_AUTH"),
        ("openai_responses", "status", 429, None, "MODEL_RATE_LIMITED"),
        ("google_genai", "drop", 0, 20, "MODEL_UNAVAILABLE"),
        ("openai_responses", "no_finish", 0, 20, "MODEL_TRUNCATED"),
        ("openai", "content_filter", 0, 20, "SAFETY_REJECTED"),
        ("google_genai", "hang", 0, 20, "MODEL_TIMEOUT"),
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
        _settings(provider, name, tmp_path, token_timeout=HANG if kind == "hang" else 30)
    ) as service:
        told = await service.client.read(await service.client.start())

    assert told.ending is not None and told.ending["code"] == code
    assert "sk-test" not in told.ending["message"] and "g-test" not in told.ending["message"]
    assert len(provider.generations) == 2  # the plan and one scene: nothing was tried again


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("openai", "length", "MODEL_TRUNCATED"),
        ("openai_responses", "empty", "MODEL_BAD_OUTPUT"),
        ("google_genai", "hang", "MODEL_TIMEOUT"),
    ],
)
async def test_plan_that_is_cut_or_refused_is_no_plan(
    provider: FakeProvider, tmp_path: Path, name: str, kind: FaultKind, code: str
) -> None:
    after = 20 if kind in ("length", "no_finish") else None
    provider.script = Script(rules=(Rule(Reply(fault=Fault(kind, after=after)), structured=True),))
    async with serve(
        _settings(provider, name, tmp_path, answer_timeout=HANG if kind == "hang" else 30)
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


async def test_each_role_is_done_by_its_own_model_and_a_run_names_the_one_that_writes(
    provider: FakeProvider, tmp_path: Path
) -> None:
    roles = {
        "outline_model": "groq:plan",
        "derived_model": "openai_responses:derive",
        "judge_model": "google_genai:judge",
    }
    settings = _settings(
        provider,
        "openai",
        tmp_path,
        **roles,
        GROQ_API_KEY="q-test",
        GOOGLE_API_KEY="g-test",
        allowed_models="openai:gpt-*",
    )
    async with serve(settings) as service:
        told = await service.client.read(await service.client.start(model="openai:gpt-other"))
        refused = await service.client.http.post(
            "/api/v1/runs", json={"format": "story", "input": STORY, "options": {"model": "groq:plan-b"}}
        )
        models = (await service.client.http.get("/api/v1/models")).json()

    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    called = [(call.api, call.model) for call in provider.generations]
    assert called == [
        ("chat", "plan"),
        *[("chat", "gpt-other")] * 4,
        ("gemini", "judge"),
        ("responses", "derive"),
    ]
    assert (refused.status_code, refused.json()["code"]) == (422, "INVALID_INPUT")
    assert refused.json()["errors"][0]["field"] == "options.model"
    assert "openai:gpt-*" in refused.json()["errors"][0]["message"]
    assert {role: view["model"] for role, view in models["roles"].items()} == {
        "outline": "groq:plan",
        "writing": "openai:gpt-test",
        "derived": "openai_responses:derive",
        "judge": "google_genai:judge",
    }
    assert models["allowed"] == ["openai:gpt-*"] and set(models["models"][0]) >= KEYS_OF_A_MODEL


KEYS_OF_A_MODEL = {"id", "provider", "configured", "allowed", "usable", "structured", "roles", "note"}
