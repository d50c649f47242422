"""Which model does what in a run, and what a run may name."""

from typing import Any

import pytest

from workflows.errors import InvalidInput, ModelNotConfigured
from workflows.messages.messages import ModelRole
from workflows.models.choice.selection import EMBEDDED, ROLES, Selection
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec

KEYS = {"OPENAI_API_KEY": "sk-1", "GROQ_API_KEY": "gsk-1"}
OPENAI, GROQ = ModelSpec("openai", "gpt-x"), ModelSpec("groq", "qwen-x")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine counts."""
    for name, info in ModelSettings.model_fields.items():
        for variable in getattr(info.validation_alias, "choices", [f"STORYWIRE_{name.upper()}"]):
            monkeypatch.delenv(str(variable), raising=False)


def select(**settings: Any) -> Selection:
    return Selection(ModelSettings(_env_file=None, **{**KEYS, "model": str(OPENAI), **settings}))


def roles_of(selection: Selection, writing: ModelSpec) -> dict[str, str]:
    return {role: str(selection.of(role, writing)) for role in ROLES}


def test_every_role_is_the_writing_models_where_nothing_else_is_set() -> None:
    assert set(roles_of(select(), GROQ).values()) == {"groq:qwen-x"}


def test_role_with_a_model_of_its_own_keeps_it_whoever_writes() -> None:
    selection = select(outline_model="groq:a", derived_model="groq:b", judge_model="openai:c")
    for writing in (OPENAI, GROQ):
        expected = {"outline": "groq:a", "writing": str(writing), "derived": "groq:b", "judge": "openai:c"}
        assert roles_of(selection, writing) == expected


def test_embedded_model_does_a_whole_run_by_itself() -> None:
    selection = select(outline_model="groq:a", derived_model="groq:b", fallback_model="groq:c")
    assert selection.of("outline", EMBEDDED) == selection.of("derived", EMBEDDED) == EMBEDDED
    assert selection.of("judge", EMBEDDED) is None
    assert all(selection.fallback_of(role, EMBEDDED) is None for role in ROLES)


@pytest.mark.parametrize(("judge", "expected"), [("off", None), ("auto", OPENAI), ("llm", OPENAI)])
def test_judge_is_there_where_the_settings_ask_for_one(judge: str, expected: ModelSpec | None) -> None:
    assert select(judge=judge).of("judge", OPENAI) == expected


def test_run_may_name_every_model_of_a_configured_provider_without_an_allow_list() -> None:
    assert select().resolve("groq:anything:at/all") == ModelSpec("groq", "anything:at/all")


@pytest.mark.parametrize("name", ["groq:qwen-x", "openai:gpt-5-mini", "openai:gpt-x", "openai:only", None])
def test_run_may_name_what_is_on_the_allow_list_and_the_services_own_model(name: str | None) -> None:
    selection = select(allowed_models="groq:*, openai:gpt-5*,openai:only")
    assert str(selection.resolve(name)) == (name or "openai:gpt-x")


@pytest.mark.parametrize("name", ["openai:gpt-4", "openai:only-one", "openai_responses:gpt-5", "embedded:x"])
def test_model_that_is_not_on_the_allow_list_is_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(
        InvalidInput, match=r"not allowed here; this service takes openai:gpt-x, groq:\*"
    ) as refused:
        select(allowed_models="groq:*,openai:gpt-5*,openai:only").resolve(name)
    assert [error.field for error in refused.value.errors] == ["options.model"]


def test_run_whose_model_is_not_allowed_any_more_may_go_on() -> None:
    select(allowed_models="groq:*").check(ModelSpec("openai", "gpt-old"))


@pytest.mark.parametrize("pattern", ["gpt-5*", "acme:*", "openai:", "openai"])
def test_allow_list_of_no_models_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="provider:model, where \\* may stand for anything"):
        select(allowed_models=f"groq:*,{pattern}")


def test_run_is_refused_before_it_begins_when_one_of_its_models_has_no_key() -> None:
    with pytest.raises(ModelNotConfigured, match="google_genai:g needs the setting GOOGLE_API_KEY"):
        select(derived_model="google_genai:g").resolve(None)


@pytest.mark.parametrize(
    ("role", "expected"),
    [("outline", "groq:plan"), ("writing", "groq:all"), ("derived", "groq:all"), ("judge", None)],
)
def test_fallback_is_the_roles_own_else_everybodys(role: ModelRole, expected: str | None) -> None:
    selection = select(
        fallback_model="groq:all", outline_fallback_model="groq:plan", judge_fallback_model="none"
    )
    found = selection.fallback_of(role, OPENAI)
    assert (found and str(found)) == expected


def test_model_does_not_fall_back_on_itself() -> None:
    assert select(fallback_model="openai:gpt-x").fallback_of("writing", OPENAI) is None


def test_fallback_model_without_a_key_stops_no_run() -> None:
    assert select(fallback_model="google_genai:g").resolve(None) == OPENAI


@pytest.mark.parametrize("name", ["outline_model", "derived_model", "fallback_model", "judge_fallback_model"])
def test_embedded_model_is_no_partner_of_another(name: str) -> None:
    with pytest.raises(ValueError, match="does a whole run by itself"):
        select(**{name: str(EMBEDDED)})


def test_embedded_model_is_no_judge() -> None:
    with pytest.raises(ValueError, match="too small to judge; name another model, or STORYWIRE_JUDGE=off"):
        select(judge_model=str(EMBEDDED))


def test_judge_of_a_run_that_the_embedded_model_writes_needs_a_model_of_its_own() -> None:
    with pytest.raises(ModelNotConfigured, match="STORYWIRE_JUDGE_MODEL"):
        select(judge="llm").resolve(str(EMBEDDED))
    assert select(judge="llm", judge_model="groq:c").resolve(str(EMBEDDED)) == EMBEDDED


def test_choices_say_what_is_configured_allowed_and_what_each_is_for() -> None:
    selection = select(allowed_models="groq:fast,openai:*", derived_model="groq:fast")
    infos = {info.id: info for info in selection.choices()}
    assert infos["openai:gpt-x"].roles == ("outline", "writing", "judge") and infos["openai:gpt-x"].usable
    assert infos["groq:fast"].roles == ("derived",) and infos["groq:fast"].usable
    assert infos["google_genai:gemini-3.5-flash"].note == "needs GOOGLE_API_KEY"
    assert infos["groq:openai/gpt-oss-120b"].note == "not in STORYWIRE_ALLOWED_MODELS"
    assert not infos["groq:openai/gpt-oss-120b"].usable and infos["groq:openai/gpt-oss-120b"].configured


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "json_schema"),
        ({"structured_modes": "groq:*=plain"}, "json_schema"),
        ({"structured_modes": "openai:gpt-*=plain, openai:*=tools"}, "plain"),
        ({"structured_modes": "openai:*=tools"}, "tools"),
    ],
)
def test_mode_is_the_tables_unless_the_settings_say_otherwise(
    settings: dict[str, str], expected: str
) -> None:
    assert select(**settings).mode(OPENAI) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai:gpt-5.6-luna", "json_schema"),
        ("openai:gpt-4-turbo", "tools"),
        ("openai:gpt-4.1-mini", "json_schema"),
        ("openai_responses:gpt-4", "tools"),
        ("google_genai:gemini-3.5-flash", "json_schema"),
        ("google_genai:gemma-3-27b-it", "plain"),
        ("groq:openai/gpt-oss-120b", "json_schema"),
        ("groq:qwen/qwen3.6-27b", "tools"),
        ("ollama:llama3.2", "json_schema"),
        ("openai_compatible:whatever", "json_schema"),
    ],
)
def test_table_knows_what_each_family_can_do(model: str, expected: str) -> None:
    assert select().mode(ModelSpec.parse(model)) == expected


@pytest.mark.parametrize("modes", ["tools", "openai:*=xml", "=tools", "gpt=tools"])
def test_modes_that_cannot_be_are_refused(modes: str) -> None:
    with pytest.raises(ValueError, match="provider:model"):
        select(structured_modes=modes)
