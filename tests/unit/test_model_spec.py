"""How a model is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.models.spec import PROVIDERS, ModelSpec


@given(st.sampled_from(PROVIDERS), st.text(min_size=1))
def test_model_spec_written_and_read_is_the_same(provider: str, name: str) -> None:
    spec = ModelSpec(provider, name)
    assert ModelSpec.parse(str(spec)) == spec


def test_model_spec_name_may_hold_colons_and_slashes() -> None:
    assert ModelSpec.parse("ollama:library/llama3:8b") == ModelSpec("ollama", "library/llama3:8b")


@pytest.mark.parametrize(
    "text", ["", "openai", "openai:", ":gpt-5", "acme:gpt-5", "OpenAI:gpt-5", " openai:x"]
)
def test_model_spec_of_anything_else_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(
        ValueError, match="provider:model, with one of the providers openai, openai_responses, google_genai"
    ):
        ModelSpec.parse(text)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("openai:*", True),
        ("openai:gpt-5.6-*", True),
        ("openai:gpt-5.6-luna", True),
        ("openai:gpt-5", False),
        ("openai_responses:*", False),
        ("OPENAI:*", False),
    ],
)
def test_pattern_means_the_models_that_it_spells(pattern: str, fits: bool) -> None:
    assert ModelSpec("openai", "gpt-5.6-luna").matches(pattern) is fits
