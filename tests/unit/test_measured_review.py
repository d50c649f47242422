"""Reviews by figures: what is found, and with which figures."""

from workflows.formats.measured_review import (
    review_numbers,
    review_reading,
    review_repetition,
    review_turns,
    words_in,
)
from workflows.formats.speech.turns import Turn
from workflows.messages.messages import PlannedSection
from workflows.routing import rewrite_tasks
from workflows.state import Outline, ReviewFinding, Section, State
from workflows.text.length import SectionLength

EASY = "The fox ran to the hill. It saw a red ball. The ball was big. " * 6
HARD = (
    "Notwithstanding considerable meteorological uncertainty, the administration's representatives "
    "enthusiastically recommended comprehensive infrastructural investigations throughout neighbouring "
    "municipalities. "
) * 6


def test_section_two_grades_off_its_reader_is_told_both_grades() -> None:
    found = list(review_reading({0: EASY, 1: HARD}, "en", 1.0, 100))
    assert [(one["rule"], one.get("section")) for one in found] == [("reading_grade", 1)]
    assert "the reader is at 1.0. Use shorter sentences" in found[0]["advice"] and found[0]["rewrite"]
    assert not list(review_reading({0: "A short one."}, "en", 9.0, 100))


def test_sentences_beyond_the_readers_are_counted_and_the_longest_quoted() -> None:
    text = "It ran. " + "And it went on " * 4 + "home. Then it saw all of the many small red boats at sea."
    [found] = review_reading({3: text}, "en", 2.0, 10)
    assert found["advice"].startswith("2 sentences longer than 10 words, up to 17.")
    assert found["quote"].startswith("And it went on")


def test_section_that_says_an_earlier_one_again_is_told_how_much() -> None:
    said = "once upon a time a fox lived in the old house by the sea"
    new = " ".join(f"word{number}" for number in range(40))
    found = list(review_repetition({0: said, 1: new, 2: f"{new.replace('word', 'other')} {said}"}))
    assert [(one["rule"], one.get("section")) for one in found] == [("repetition", 2)]
    assert "of it was said in an earlier section" in found[0]["advice"]


def test_turns_that_are_too_long_or_follow_their_own_are_found_over_borders_too() -> None:
    turns = {
        0: [Turn("Ada", "Well. " * 121), Turn("Ben", "No.")],
        1: [Turn("Ben", "Still me."), Turn("Ada", "Yes.")],
    }
    found = [(one["rule"], one.get("section")) for one in review_turns(turns)]
    assert found == [("long_turns", 0), ("same_speaker", 1)]


def test_number_that_the_pack_does_not_have_is_named_and_small_counts_pass() -> None:
    pack = "- 2.5 million passengers in 2025 [1]"
    texts = {0: "In 2025 there were 2.5 million. Two things stand out.", 1: "Some say 40 percent left."}
    [found] = review_numbers(texts, pack)
    assert found.get("section") == 1 and "40 percent" in found["advice"]


def test_words_that_do_not_occur_in_the_text_are_left_out() -> None:
    text = "The lanterns glowed over the tide pool."
    assert words_in(["lantern", "glow", "harbour", "tide pool", "pool tide"], text) == [
        "lantern", "glow", "tide pool"
    ]  # fmt: skip


def test_section_that_is_written_again_is_asked_for_its_own_length() -> None:
    planned = [PlannedSection(index=0, title="T", summary="", target_words=302)]
    length = SectionLength(target_words=755, asked_words=755, replied_words=300, corrections=[])
    finding = ReviewFinding(rule="x", advice="Y.", rewrite=True, section=0)
    state = State(
        input={},
        outline=Outline(title="T", sections=planned),
        sections={0: Section(index=0, text="word " * 300)},
        lengths={0: length},
        findings=[finding],
        revising=[0],
        rewrites=0,
    )
    [task] = rewrite_tasks(state)
    assert 302 <= task["target_words"] <= 348
