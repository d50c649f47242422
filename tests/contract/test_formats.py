"""What every format keeps to: ours, and those of the two packages that the documents show."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel
from typing_extensions import get_protocol_members

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Script
from tests.models import settings_of
from tests.plugins import install
from tests.podcasts import script
from workflows.formats.base import AnyFormat, Format
from workflows.formats.capabilities import (
    CAPABILITIES,
    Configurable,
    Exports,
    Limited,
    LimitsRevisions,
    SetsTolerance,
)
from workflows.formats.defaults import (
    cache_key_of,
    configured,
    exporters_of,
    facts_section_of,
    language_of,
    text_to_screen,
)
from workflows.formats.registry import list_formats
from workflows.formats.settings import FormatSettings, variables_of
from workflows.graph import build_graph
from workflows.models.clients.catalog import ModelCatalog
from workflows.state import RunContext, State

CAPABILITIES_OF = {
    "creator_script": {
        "ForecastsLength", "ForecastsWork", "SetsParameters", "SetsReviewShare",
        "ChecksModel", "Configurable", "Exports", "Extends", "Lands", "LooksUp", "Multilingual", "Presents", "Reviews",
        "ReviewsSections",
    },
    "discovery_report": {
        "ForecastsFacts", "ForecastsLength", "SetsParameters",
        "Cached", "CachedByDefault", "ChecksModel", "Configurable", "Derives", "Extends", "Lands", "Limited",
        "Multilingual", "Presents", "Researches", "Reviews", "ReviewsSections",
    },
    "education_audio": {
        "ForecastsLength", "ForecastsWork", "SetsParameters", "SetsReviewShare", "SetsSectionReviewShare",
        "ChecksModel", "Exports", "Extends", "Lands", "Loads", "LooksUp", "Multilingual", "Presents", "Reviews",
        "ReviewsSections", "ScreensOwnText",
    },
    "letter": {"ChecksModel", "Limited"},
    "podcast": {
        "ForecastsFacts", "ForecastsLength", "ForecastsWork", "SetsParameters",
        "BringsFacts", "ChecksModel", "Exports", "Extends", "Lands", "MakesPieces", "Multilingual", "SetsTolerance",
        "LandsPieces", "Presents", "Reviews", "ReviewsSections",
    },
    "postcard": {"CachedByDefault", "Configurable", "LooksUp"},
    "story": {
        "ForecastsLength", "ForecastsWork", "SetsParameters",
        "AdaptsToModel", "BelongsToSeries", "ChecksModel", "Configurable", "Derives", "Exports", "Extends", "Lands",
        "LooksUp", "Multilingual", "Presents", "RecapsSeries", "SetsLeastRoom", "SetsTolerance", "Reviews",
        "ReviewsSections",
    },
}  # fmt: skip
METRICS = {"word_count", "estimated_reading_time", "vocabulary_level", "educational_elements"}
MEMBERS_OF_A_FORMAT = 13
"""Name, path, title, example, version, Input, and seven methods."""
SCRIPTS = {"podcast": script(inputs=dict(list_formats()["podcast"].example))}
CONFIG: RunnableConfig = {"configurable": {"thread_id": "1"}}


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The two packages beside ours."""
    with install(tmp_path_factory.mktemp("packages"), "letters", "postcards") as target:
        yield target


@pytest.fixture(params=sorted(CAPABILITIES_OF))
def format(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AnyFormat:
    """Each of them, as an empty environment sets it up."""
    monkeypatch.chdir(tmp_path)
    return configured(list_formats()[request.param])


def test_every_installed_format_is_tried_here() -> None:
    assert set(list_formats()) == set(CAPABILITIES_OF)


def test_core_of_a_format_is_small() -> None:
    public = {name for name in (*vars(Format), *Format.__annotations__) if not name.startswith("_")}
    assert len(public) <= MEMBERS_OF_A_FORMAT
    assert Format.__abstractmethods__ == {"policy", "plan", "write", "rewrite", "metrics"}


def test_capabilities_share_no_member_and_none_is_one_of_the_core() -> None:
    members = [name for kind in CAPABILITIES for name in get_protocol_members(kind)]
    assert len(members) == len(set(members))
    assert not set(members) & set(vars(Format))


def test_format_is_called_as_addresses_and_the_database_want_it(format: AnyFormat) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", format.name)
    assert format.path is None or re.fullmatch(r"[a-z][a-z0-9-]*", format.path)
    assert format.title and type(format).__doc__


def test_format_has_the_capabilities_that_it_is_meant_to_have(format: AnyFormat) -> None:
    found = {each.__name__ for each in CAPABILITIES if isinstance(format, each)}
    assert found == CAPABILITIES_OF[format.name]


def test_format_waits_where_its_interface_waits(format: AnyFormat) -> None:
    interfaces = [Format, *(kind for kind in CAPABILITIES if isinstance(format, kind))]
    for interface in interfaces:
        for name, declared in vars(interface).items():
            if name.startswith("_") or not inspect.isfunction(declared):
                continue
            own = getattr(type(format), name)
            assert inspect.iscoroutinefunction(own) == inspect.iscoroutinefunction(declared), name
            assert len(inspect.signature(own).parameters) == len(inspect.signature(declared).parameters), name


def test_values_of_a_format_are_in_range(format: AnyFormat) -> None:
    if isinstance(format, SetsTolerance):
        assert 0 < format.length_tolerance < 1
    if isinstance(format, Limited):
        assert format.monthly_limit is None or format.monthly_limit >= 0
    if isinstance(format, LimitsRevisions):
        assert 0 <= format.max_revisions <= 3
    if isinstance(format, Exports):
        assert not set(format.exports) & {"md"}
    assert {"md", "txt"} <= set(exporters_of(format))


def test_input_of_a_format_has_a_valid_example_that_is_json(format: AnyFormat) -> None:
    inputs = format.parse(json.loads(json.dumps(format.example)))
    assert isinstance(inputs, BaseModel)
    assert format.parse(inputs.model_dump(mode="json")) == inputs
    assert format.Input.model_json_schema()["type"] == "object"
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", language_of(format, inputs))
    assert json.dumps(text_to_screen(format, inputs))
    assert cache_key_of(format, inputs) == cache_key_of(format, format.parse(format.example))
    assert format.policy(inputs).label


def test_settings_of_a_format_are_described_and_have_names_of_their_own(format: AnyFormat) -> None:
    if not isinstance(format, Configurable):
        return
    assert issubclass(format.Settings, FormatSettings)
    assert get_type_hints(format.Settings)
    for field, info in format.Settings.model_fields.items():
        assert info.description and not info.is_required(), field
        assert all(name.isupper() for name in variables_of(format.Settings, field))


def test_prompts_of_a_format_can_be_read(format: AnyFormat) -> None:
    prompts = Path(inspect.getfile(type(format))).parent / "prompts"
    for path in prompts.rglob("*.md"):
        assert path.read_text(encoding="utf-8").strip(), path
    assert format.fingerprint() == format.fingerprint()
    assert format.fingerprint().startswith(f"{format.version}:")


async def test_format_plans_and_writes_its_example(format: AnyFormat, provider: FakeProvider) -> None:
    state = await _write(format, provider)
    planned = [section["index"] for section in state["outline"]["sections"]]
    assert planned == list(range(len(planned))) == sorted(state["sections"])
    assert all(section["text"].strip() for section in state["sections"].values())
    assert state["outline"]["title"] and all(s["target_words"] > 0 for s in state["outline"]["sections"])
    assert set(state["metadata"]) >= METRICS
    assert json.dumps([state["outline"], state["notes"], state["results"], state["metadata"]])
    if (first := facts_section_of(format)) is not None:
        assert first in planned and state["facts"]["canonical_pack"]


async def _write(format: AnyFormat, provider: FakeProvider) -> State:
    provider.script = SCRIPTS.get(format.name, Script(default=Reply(tokens_per_chunk=50)))
    settings = settings_of(provider.root_url, model="openai:gpt-test", judge="off")
    catalog = ModelCatalog(settings)
    graph = build_graph(format, catalog, MemoryCheckpoints())
    try:
        state: Any = await graph.ainvoke({"input": dict(format.example)}, CONFIG, context=RunContext())
    finally:
        await catalog.close()
    return state  # type: ignore[no-any-return]
