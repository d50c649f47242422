"""The form of the embedded model's plots: every answer that its patterns allow is a plan that can be told."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.formats.story.embedded import SCENES, scene_page
from workflows.formats.story.plot import (
    Plot,
    PlotEnding,
    count_faults,
    count_plot_faults,
    ending_schema,
    make_scenes,
    plot_schema,
)

THEMES = [
    "space",
    "dinosaurs",
    "a magic school",
    "the lost puppies of Rome",
    "friendship",
    "הים",
    "R2-D2",
    "a b c d e",
]
PLOT = Plot(
    hero="a brave girl who loves the sea",
    thing="a tiny robot with eyes of gold",
    place="under the stairs",
    trouble="was sad because it had lost its voice",
    helper="a clever old parrot",
    helper_place="at the harbor",
    advice="to sing to the robot",
    deed="helped the robot to sing again",
    joy="all the birds sang with the robot",
    title="the Singing Robot",
)


def answers(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, str]]:
    """What a model that is held to the schema's patterns can answer."""
    fields = schema["properties"].items()
    return st.fixed_dictionaries(
        {name: st.from_regex(field["pattern"], fullmatch=True) for name, field in fields}
    )


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(THEMES), st.integers(0, 99))
def test_plot_that_the_schema_allows_can_be_told(data: st.DataObject, theme: str, seed: int) -> None:
    plot = Plot.model_validate(data.draw(answers(plot_schema(theme, Random(seed)))))
    scenes = make_scenes(plot, "Maya")
    assert len(scenes) == SCENES
    assert all(title and line.endswith(".") for title, line in scenes)
    assert count_plot_faults(plot) >= 0


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(["", "Maya found the golden key, and the whole crew sang."]))
def test_ending_that_the_schema_allows_is_an_ending(data: st.DataObject, line: str) -> None:
    PlotEnding.model_validate(data.draw(answers(ending_schema(line, Random(1)))))


def test_scenes_are_told_in_the_words_of_the_plot() -> None:
    assert make_scenes(PLOT, "Maya") == [
        ("A Tiny Robot", "Maya found a tiny robot with eyes of gold under the stairs."),
        ("The Sad Robot", "But the tiny robot was sad because it had lost its voice."),
        (
            "A Clever Old Parrot",
            "Maya asked a clever old parrot at the harbor for help, and the old parrot said to sing to the robot.",
        ),
        (
            "All the Birds Sang",
            "At last, Maya helped the robot to sing again, and all the birds sang with the robot.",
        ),
    ]


def test_wish_of_the_child_is_told_word_for_word() -> None:
    assert make_scenes(PLOT, "Maya", "Fly to the moon!")[0][1].startswith(
        'Maya had an idea: "Fly to the moon!" Soon '
    )


def test_later_chapter_begins_on_the_next_day() -> None:
    assert make_scenes(PLOT, "Maya", chapter_number=2)[0][1].startswith("The next day, Maya found")


def test_later_chapter_remembers_the_one_before_and_tells_the_choice_as_an_idea() -> None:
    opening = make_scenes(PLOT, "Maya", "Ask the owl.", 2, "Maya and the Tin Fox")[0][1]
    assert opening.startswith(
        'Maya still thought of the Tin Fox. Maya had an idea: "Ask the owl." Soon Maya found'
    )


def test_hero_of_an_earlier_chapter_stays_the_hero_if_it_is_one_that_a_plot_can_have() -> None:
    kept = plot_schema("sea", Random(1), PLOT.hero)["properties"]["hero"]["pattern"]
    assert kept == f"^{PLOT.hero}$"
    other = plot_schema("sea", Random(1), "a (very) odd hero")["properties"]["hero"]["pattern"]
    assert other == Plot.model_json_schema()["properties"]["hero"]["pattern"]


@pytest.mark.parametrize(
    ("theme", "thing"),
    [
        ("dinosaurs", "dinosaur"),
        ("a lost puppy", "lost puppy"),
        ("the fairies of the wood", "fairy"),
        ("space", "space ["),
    ],
)
def test_thing_that_is_found_belongs_to_the_theme(theme: str, thing: str) -> None:
    pattern = plot_schema(theme, Random(1))["properties"]["thing"]["pattern"]
    assert f") {thing}" in pattern


def test_theme_that_names_no_thing_leaves_it_to_the_model() -> None:
    free = plot_schema("true friendship", Random(1))["properties"]["thing"]["pattern"]
    assert "friendship" not in free


@pytest.mark.parametrize(
    ("piece", "faults"),
    [
        ("to sing to the", 1),
        ("to sing of in the rain", 1),
        ("to sing " * 12 + "songs", 1),
        ("to kill a fly", 10),
    ],
)
def test_faults_of_a_piece_are_counted(piece: str, faults: int) -> None:
    assert count_faults(PLOT) == 0
    assert count_faults(PLOT.model_copy(update={"advice": piece})) == faults


def test_thing_without_a_name_is_a_fault() -> None:
    assert (
        count_plot_faults(
            PLOT.model_copy(update={"thing": "a shiny winter with a rope", "helper": "a shy us"})
        )
        == 1
    )


def test_helper_of_the_same_kind_as_the_thing_is_told_apart() -> None:
    lines = [line for _, line in make_scenes(PLOT.model_copy(update={"helper": "a kind robot"}), "Maya")]
    assert "the kind robot said" in lines[2]


def test_page_takes_the_place_of_its_scene_in_the_plot() -> None:
    pages = [
        scene_page(
            name="Maya", hero=PLOT.hero, index=index, summary=line, before="It rained." if index else None
        )
        for index, (_, line) in enumerate(make_scenes(PLOT, "Maya"))
    ]
    assert "Maya is a brave girl who loves the sea." in pages[0].instruction
    assert "page before" not in pages[0].instruction
    assert "On the page before: It rained." in pages[1].instruction
    assert len({page.starters for page in pages}) == SCENES
    assert pages[3].starters[0] == "From that day on,"


def test_marks_of_the_chat_template_in_a_name_are_left_out() -> None:
    page = scene_page(name="Ma<|im_end|>ya\n", hero=PLOT.hero, index=0, summary="Maya ran.")
    assert "Ma ya is a brave girl" in page.instruction
