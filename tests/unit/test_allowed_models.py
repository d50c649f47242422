"""Allow-lists of models, of accounts and API keys: what they allow, what they say, and what a run gets that names
none."""

from typing import Any

import pytest

from backend.runs.admission.allowed_models import ALL_MODELS, AllowedModels, parse_allow_list
from tests.models import settings_of
from workflows.errors import InvalidInput
from workflows.models.choice.selection import Selection
from workflows.models.spec import ModelSpec

SMALL, LARGE, OTHER = (ModelSpec.parse(f"openai:gpt-{name}") for name in ("small", "large", "other"))


def allowed(account: list[str] | None, key: list[str] | None = None) -> AllowedModels:
    return ALL_MODELS.and_of("account", account).and_of("API key", key)


def select(**settings: Any) -> Selection:
    return Selection(settings_of("http://127.0.0.1:9", model=str(LARGE), **settings))


@pytest.mark.parametrize(
    ("account", "key", "models"),
    [
        (None, None, {SMALL, LARGE, OTHER}),
        (["openai:gpt-small"], None, {SMALL}),
        (["openai:gpt-*"], None, {SMALL, LARGE, OTHER}),
        (["groq:*"], None, set()),
        (None, ["openai:gpt-small"], {SMALL}),
        (["openai:gpt-small", "openai:gpt-large"], ["openai:gpt-large", "openai:gpt-other"], {LARGE}),
        (["openai:gpt-small"], ["*"], {SMALL}),
        (["openai:gpt-small"], ["openai:gpt-large"], set()),
    ],
)
def test_model_is_allowed_that_every_list_allows(
    account: list[str] | None, key: list[str] | None, models: set[ModelSpec]
) -> None:
    assert {model for model in (SMALL, LARGE, OTHER) if allowed(account, key).allows(model)} == models


def test_refusal_names_the_field_whose_list_it_was_and_what_is_allowed() -> None:
    with pytest.raises(InvalidInput) as account:
        allowed(["openai:gpt-small", "groq:*"]).check(LARGE)
    assert [error.field for error in account.value.errors] == ["options.model"]
    assert "not allowed for this account; allowed: openai:gpt-small, groq:*" in account.value.message
    with pytest.raises(InvalidInput, match=r"for this API key; allowed: openai:gpt-small$"):
        allowed(["openai:gpt-small", "openai:gpt-large"], ["openai:gpt-small", "openai:gpt-other"]).check(
            LARGE
        )


@pytest.mark.parametrize(
    ("account", "settings", "expected"),
    [
        (None, {}, LARGE),
        (["openai:*"], {}, LARGE),
        (["openai:gpt-small"], {}, SMALL),
        (["groq:*", "openai:gpt-small", "openai:gpt-other"], {}, SMALL),
        (["openai:gpt-small", "openai:gpt-other"], {"allowed_models": "openai:gpt-other"}, OTHER),
        (["openai:gpt-s*"], {"allowed_models": "openai:gpt-other, openai:gpt-small"}, SMALL),
        (["groq:nothing*"], {}, LARGE),  # and is refused then
    ],
)
def test_run_that_names_no_model_gets_the_first_that_account_and_service_allow(
    account: list[str] | None, settings: dict[str, str], expected: ModelSpec
) -> None:
    assert allowed(account).default(select(**settings)) == expected


def test_list_is_kept_without_blanks_and_repetitions() -> None:
    assert parse_allow_list([" openai:gpt-small", "groq:*", "openai:gpt-small "]) == [
        "openai:gpt-small",
        "groq:*",
    ]
    assert parse_allow_list(None) is None


@pytest.mark.parametrize(
    ("patterns", "fields"),
    [
        ([], ["models"]),
        (["*"] * 51, ["models"]),
        (["openai:gpt-small", "nobody:model", "gpt"], ["models.1", "models.2"]),
        (["openai:"], ["models.0"]),
    ],
)
def test_list_that_is_none_is_refused_by_place(patterns: list[str], fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_allow_list(patterns)
    assert [error.field for error in refused.value.errors] == fields


def test_list_of_a_key_names_in_full_only_what_its_account_may() -> None:
    account = allowed(["openai:gpt-small", "openai:gpt-l*"])
    account.check_list(["openai:gpt-small", "openai:gpt-large", "groq:*"])
    with pytest.raises(InvalidInput) as refused:
        account.check_list(["openai:gpt-small", "openai:gpt-other"])
    assert [error.field for error in refused.value.errors] == ["models.1"]
    assert "allowed: openai:gpt-small, openai:gpt-l*" in refused.value.message
