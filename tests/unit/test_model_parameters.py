"""Parameters of model calls by role: what a setting may say, and which model takes what."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.models import settings_of
from workflows.errors import InvalidInput
from workflows.formats.defaults import parameters_of
from workflows.formats.registry import list_formats
from workflows.models.choice.selection import ROLES, Selection
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.parameters import choose_parameters, parse_parameters, taken_by
from workflows.models.spec import ModelSpec

URL = "http://127.0.0.1:9"
MINI = ModelSpec("openai", "gpt-4.1-mini")


def test_parameters_of_a_setting_are_read_by_role() -> None:
    text = "writing.temperature=0.9, writing.seed=7, judge.reasoning_effort=low,"
    assert parse_parameters(text) == {
        "writing": {"temperature": 0.9, "seed": 7},
        "judge": {"reasoning_effort": "low"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("temperature=0.9", "written as role.name=value"),
        ("poet.temperature=0.9", "with one of the roles outline, writing, derived, judge"),
        ("writing.temprature=0.9", "'temprature' is no parameter; there are temperature"),
        ("writing.temperature=9", "writing.temperature is a number from 0 to 2; got '9'"),
        ("writing.temperature=nan", "a number from 0 to 2"),
        ("writing.temperature=", "a number from 0 to 2"),
        ("judge.reasoning_effort=huge", "one of none, minimal, low, medium, high, xhigh"),
        ("writing.seed=1.5", "a whole number"),
        ("writing.seed=99999999999", "a whole number from -2147483648 to 2147483647; got '99999999999'"),
        ("writing.temperature=0.9,writing.temperature=0.2", "writing.temperature is given twice"),
        ("judge.seed=7, writing.seed=7, judge.seed=7", "judge.seed is given twice"),
    ],
)
def test_parameters_that_are_wrong_stop_the_start_and_say_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace(".", r"\.")):
        settings_of(URL, model_parameters=text)


@pytest.mark.parametrize(
    ("model", "parameters", "refused"),
    [
        ("openai:gpt-5.6-luna", "writing.temperature=0.9", "writing"),
        ("openai_responses:gpt-5.6-luna", "outline.top_p=0.9", "outline"),
        ("openai:o4-mini", "judge.temperature=0", "judge"),
        ("openai:gpt-4.1", "writing.reasoning_effort=low", "writing"),
        ("google_genai:gemini-2.5-flash", "writing.verbosity=low", "writing"),
        ("groq:llama-3.3-70b", "derived.frequency_penalty=1", "derived"),
        ("embedded:smollm2-135m-instruct", "writing.reasoning_effort=low", "writing"),
    ],
)
def test_parameter_is_refused_by_name_where_the_model_does_not_take_it(
    model: str, parameters: str, refused: str
) -> None:
    settings = settings_of(
        URL,
        model_parameters=parameters,
    )
    name = parameters.partition(".")[2].partition("=")[0]
    with pytest.raises(InvalidInput, match=f"{model} doesn't take {name}, .* the role {refused}"):
        Selection(settings).check(ModelSpec.parse(model))


def test_defaults_of_a_format_go_where_the_model_takes_them_and_behind_a_setting() -> None:
    assert choose_parameters(MINI, {}, {"temperature": 0.8}) == {"temperature": 0.8}
    assert choose_parameters(MINI, {"temperature": 0.1}, {"temperature": 0.8}) == {"temperature": 0.1}
    assert choose_parameters(ModelSpec("openai", "gpt-5.6-luna"), {}, {"temperature": 0.8}) == {}
    embedded = ModelSpec("embedded", "smollm2-135m-instruct")
    assert choose_parameters(embedded, {"seed": 3}, {"temperature": 0.8}) == {"seed": 3}
    assert taken_by(ModelSpec("replay", "a.jsonl")) == frozenset()


def test_formats_write_fiction_warmer_than_lessons_and_judge_coolly() -> None:
    formats = list_formats()
    warmth: dict[str, Any] = {
        name: parameters_of(format, "writing").get("temperature") for name, format in formats.items()
    }
    assert warmth["story"] > warmth["creator_script"] > warmth["education_audio"]
    assert {parameters_of(format, "judge").get("temperature") for format in formats.values()} == {0.0}
    known = taken_by(ModelSpec("openai_compatible", "any"))
    assert {
        name for format in formats.values() for role in ROLES for name in parameters_of(format, role)
    } <= known


async def test_catalog_opens_a_model_with_the_parameters_of_its_role() -> None:
    settings = settings_of(URL, model=str(MINI), model_parameters="writing.top_p=0.5, judge.seed=4")
    catalog = ModelCatalog(settings)
    try:
        writing = (await catalog.open(None, "writing", {"temperature": 0.9})).chat
        judging = (await catalog.open(None, "judge", {"temperature": 0.0})).chat
    finally:
        await catalog.close()
    found = [(chat.temperature, chat.top_p, chat.seed) for chat in (writing, judging)]  # type: ignore[attr-defined]
    assert found == [(0.9, 0.5, None), (0.0, None, 4)]
