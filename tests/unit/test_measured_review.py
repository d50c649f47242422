"""Reviews by figures: what is found, and with which figures."""

from itertools import chain

import pytest

from tests.podcasts import EPISODE
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.review import review_episode, review_pieces
from workflows.formats.speech.turns import Turn
from workflows.formats.toolkit import measured_review
from workflows.formats.toolkit.measured_review import (
    REFRAIN_RUNS,
    review_numbers,
    review_reading,
    review_repetition,
    review_turns,
    words_in,
)
from workflows.messages.messages import PlannedSection, Source
from workflows.section_tasks import rewrite_tasks
from workflows.state import Facts, Outline, Piece, Section, State
from workflows.text.streams.length import SectionLength
from workflows.verdicts import ReviewFinding

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


def _section(name: str, words: int, *said: str) -> str:
    own = [f"{name}{number}" for number in range(words)]
    return " ".join([*own[: words // 2], *said, *own[words // 2 :]])


@pytest.mark.parametrize(
    ("again", "words", "is_found"),
    [
        ("for two years the line had lost money and nobody wanted it", 300, True),  # 12 words: 5 runs
        ("for two years the line had lost money and nobody wanted it", 600, False),  # under one in a hundred
        ("the line had lost money and nobody wanted it", 60, False),  # nine words: chance, or a name
        ("the European Union Agency for the Cooperation", 60, False),
        ("at the end of the day", 60, False),
    ],
)
def test_section_that_says_over_one_in_a_hundred_again_is_found_from_ten_words_on(
    again: str, words: int, is_found: bool
) -> None:
    texts = {0: _section("a", words, again), 1: _section("b", words, again)}
    assert bool(list(review_repetition(texts))) == is_found


def test_refrain_of_a_story_is_no_repetition() -> None:
    refrain = "round and round the lamp it goes and where it stops nobody knows"  # 13 words: 6 runs
    texts = {0: _section("a", 300, refrain), 1: _section("b", 300, refrain)}
    assert list(review_repetition(texts)) and not list(review_repetition(texts, fewest=REFRAIN_RUNS))


def test_repetition_of_one_section_is_that_of_the_whole_and_reads_no_earlier_one_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def list_words(text: str) -> list[str]:
        read.append(text)
        return text.split()

    monkeypatch.setattr(measured_review, "list_words", list_words)
    texts = {index: " ".join(f"w{index}-{number}" for number in range(50)) for index in range(40)}
    texts[25] += f" {texts[3]}"
    each = [list(review_repetition(texts, only)) for only in texts]
    assert [index for index, found in enumerate(each) if found] == [25]
    assert len(read) == len(texts) + 1  # and once more where it is quoted
    assert [*chain.from_iterable(each)] == list(review_repetition(texts))


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


@pytest.mark.parametrize(
    "said",
    [
        "They took three tablets.",
        "I took three tablets.",
        "It took ten minutes.",
        "It costs four dollars.",
        "Five percent got better.",
        "Half a gram is enough.",
        "Every seven minutes a train comes.",
        "Patients took it for eight weeks.",
        "קחו שלושה כדורים ביום.",
    ],
)
def test_small_number_in_words_with_a_unit_is_no_count_of_the_speakers(said: str) -> None:
    pack = "A train runs every 30 minutes. 300 patients took it for 6 weeks, 40 percent got better. It costs 5 dollars."
    assert [one["rule"] for one in review_numbers({0: said}, pack)] == ["numbers"]


@pytest.mark.parametrize(
    "said",
    [
        "Three questions, two hosts and one mic.",
        "It was approved two years ago.",
        "Over the last five years much changed.",
        "Give me ten minutes, and I'll explain it twice.",
        "One day you will see it.",
        "My daughter is seven years old, and I waited two hours for her train.",
        "In the first two minutes you'll get the story.",
        "Half an hour between two trains!",
        "They took it for forty-two days.",
        "לפני שנתיים זה אושר.",
    ],
)
def test_small_number_in_words_of_things_or_of_the_talk_itself_is_the_speakers_own(said: str) -> None:
    pack = "A train runs every 30 minutes. 300 patients took it for 6 weeks."
    assert not list(review_numbers({0: said}, pack))


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


@pytest.mark.parametrize(
    ("pack", "said", "is_known"),
    [
        ("The line is 5 mg long.", "It is 5 km long.", False),
        ("40 percent of the riders left.", "40 people left.", False),
        ("40 riders left.", "40 percent left.", False),
        ("It cost 40 million dollars.", "It cost $40 million.", True),
        ("It cost $40 million.", "It cost 40 million euros.", False),
        ("It cost $40 million.", "It cost $40.", False),
        ("40 percent of the riders left.", "40% of them left.", True),
        ("40 percent of the riders left.", "It was 40.", True),
        ("40 riders left.", "40 passengers left.", True),
        ("Riders: 40", "40 riders left.", True),
        ("A quarter of the riders left.", "25 percent left.", True),
        ("75% of the riders left.", "Three quarters of them left.", True),
        ("It cost $4.2bn in 2024.", "Four point two billion dollars, in twenty twenty-four.", True),
        ("It cost $4.2bn.", "Four point three billion dollars.", False),
        ("40 אחוזים עזבו.", "40 אנשים עזבו.", False),
        ("40 אחוזים עזבו.", "40% עזבו.", True),
    ],
)
def test_number_is_known_only_with_what_it_measures(pack: str, said: str, is_known: bool) -> None:
    assert (not list(review_numbers({0: said}, pack))) == is_known


def test_ids_addresses_and_places_in_a_list_are_no_numbers_of_a_pack() -> None:
    inputs = PodcastInput.model_validate(EPISODE)
    facts = Facts(
        canonical_pack={
            "key_facts": [{"id": "fact-1234", "fact": "60 lines run.", "sources": [77]}],
            "numbers": [{"number": "45", "what": "percent of the seats", "source_ids": ["88"]}],
            "historical_context": "See https://example.org/2019/666 for more.",
        },
        sources=[Source(title="In 1999", publisher="P", date="2026-03-01", url="https://example.org/555")],
    )
    said = {
        "60 lines": True, "1999": True, "2026": True, "45 percent": True, "45 people": False, "1234 lines": False,
        "77 lines": False, "88 lines": False, "666 lines": False, "555 lines": False,
    }  # fmt: skip
    for number, is_known in said.items():
        found = review_episode(inputs, {0: f"Ada: They say {number} of it."}, facts)
        assert (not found) == is_known, number


def test_pieces_are_reviewed_by_themselves_and_told_by_their_names() -> None:
    inputs = PodcastInput.model_validate(EPISODE)
    facts = Facts(canonical_pack={"key_facts": ["60 lines run."]}, sources=[])
    pieces = {
        "M1": Piece(name="M1", title="M1", target_words=9, text="Ada: It is 60 lines.\n\nAda: Still me."),
        "R1": Piece(name="R1", title="R1", target_words=9, text="Ada: It is 61 lines."),
        "R2": Piece(name="R2", title="R2", target_words=9, text="Ada: It is 60 lines."),
    }
    found = [(one["rule"], one.get("piece"), one["rewrite"]) for one in review_pieces(inputs, pieces, facts)]
    assert found == [("same_speaker", "M1", False), ("numbers", "R1", False)]
