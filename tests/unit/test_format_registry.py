"""The formats that are installed."""

import json
from typing import Any

import pytest

from tests.architecture.tree import ROOT
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.creator_script.settings import ScriptSettings
from workflows.formats.podcast.format import PodcastFormat
from workflows.formats.registry import list_formats
from workflows.formats.story.format import StoryFormat


def test_formats_installed_are_found_by_name() -> None:
    assert isinstance(list_formats()["story"], StoryFormat)


def test_formats_bear_the_name_they_are_listed_under_and_a_valid_example() -> None:
    for name, format in list_formats().items():
        assert format.name == name
        assert format.title
        format.policy(format.parse(format.example))


def test_formats_of_ours_are_all_in_studio() -> None:
    ours = {
        name for name, format in list_formats().items() if type(format).__module__.startswith("workflows.")
    }
    graphs = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    assert graphs == {name: f"./workflows/studio.py:{name}" for name in ours}


@pytest.mark.parametrize(
    ("whole", "half", "told"),
    [
        (StoryFormat, {"plan_pieces": PodcastFormat.plan_pieces}, "Half has plan_pieces but no write_pieces"),
        (
            StoryFormat,
            {"write_pieces": PodcastFormat.write_pieces},
            "Half has write_pieces but no plan_pieces",
        ),
        (PodcastFormat, {"Settings": ScriptSettings}, "Half has Settings but no configure"),
        (PodcastFormat, {"configure": CreatorScriptFormat.configure}, "Half has configure but no Settings"),
    ],
)
def test_format_with_half_of_a_capability_is_refused_when_it_is_loaded(
    whole: type, half: dict[str, Any], told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        type("Half", (whole,), half)
