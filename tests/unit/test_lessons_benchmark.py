"""What the check of a lesson by words must reach on labelled sentences."""

from collections import Counter

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.lessons import (
    FALSE_ALARMS,
    HELD_OUT_RECALL,
    MORE_RECALL,
    OTHER_RECALL,
    TUNED_RECALL,
    Sentence,
    load_more,
    load_other,
    load_sentences,
    load_small_rules,
    measure,
    run,
)
from tests.architecture.tree import ROOT


def test_labelled_lesson_sentences_are_balanced_and_in_two_languages() -> None:
    sentences = load_sentences()
    counted = Counter((one.language, one.is_dangerous, one.is_held_out) for one in sentences)
    assert len({one.text for one in sentences}) == len(sentences) == 120
    assert {counted["en", label, half] for label in (True, False) for half in (True, False)} == {20}
    assert {counted["he", label, half] for label in (True, False) for half in (True, False)} == {10}


@pytest.mark.parametrize(
    ("sentences", "recall"),
    [
        ([one for one in load_sentences() if not one.is_held_out], TUNED_RECALL),
        ([one for one in load_sentences() if one.is_held_out], HELD_OUT_RECALL),
        (load_more(), MORE_RECALL),
        (load_other(), OTHER_RECALL),
        (load_small_rules(), MORE_RECALL),
    ],
    ids=["tuned", "held out", "more", "other subjects", "few words"],
)
def test_check_by_words_marks_dangerous_sentences_and_few_harmless_ones(
    sentences: list[Sentence], recall: float
) -> None:
    score = measure(sentences)
    assert (score.recall >= recall, score.false_alarms <= FALSE_ALARMS) == (True, True), score


async def test_page_on_benchmarks_has_the_numbers_that_the_check_by_words_reaches_now() -> None:
    assert benchmarks._BENCHMARKS["lessons"] is run
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for row in (await run())[:-1]:
        assert f"| {row.what} | {row.measured} |" in page
