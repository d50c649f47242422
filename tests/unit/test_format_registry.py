"""The formats that are installed."""

import json

import pytest

from tests.architecture.tree import ROOT
from workflows.formats.podcast.format import PodcastFormat
from workflows.formats.registry import find_format, list_formats
from workflows.formats.story.format import StoryFormat


def test_formats_installed_are_found_by_name() -> None:
    assert isinstance(find_format("story"), StoryFormat)
    assert list_formats()["story"] is find_format("story")


def test_formats_bear_the_name_they_are_listed_under_and_a_valid_example() -> None:
    for name, format in list_formats().items():
        assert format.name == name
        assert format.title
        format.policy(format.parse(format.example))


def test_format_that_is_not_installed_is_refused_with_what_there_is() -> None:
    with pytest.raises(LookupError, match=r"no format 'opera'; there is .*story"):
        find_format("opera")


def test_formats_of_ours_are_all_in_studio() -> None:
    ours = {
        name for name, format in list_formats().items() if type(format).__module__.startswith("workflows.")
    }
    graphs = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    assert graphs == {name: f"./workflows/studio.py:{name}" for name in ours}


def test_format_that_plans_pieces_and_cannot_write_them_is_refused_when_it_is_loaded() -> None:
    with pytest.raises(TypeError, match="Half plans pieces and has no write_pieces"):
        type("Half", (StoryFormat,), {"plan_pieces": PodcastFormat.plan_pieces})
