"""What the local rules must reach on the labelled sentences."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.safety import (
    AGE,
    PRECISION,
    RECALL,
    load_sentences,
    load_unlisted,
    measure,
    measure_file,
    run,
)
from tests.architecture.tree import ROOT
from workflows.safety.policies.policy_files import load_policy

POLICY = load_policy("child", AGE)


def test_labelled_set_is_large_balanced_and_in_two_languages() -> None:
    sentences = load_sentences()
    assert len({sentence.text for sentence in sentences}) == len(sentences) >= 400
    harmless = sum(sentence.category is None for sentence in sentences)
    assert 0.4 <= harmless / len(sentences) <= 0.6
    assert Counter(sentence.language for sentence in sentences)["he"] >= 80


def test_local_rules_on_the_labelled_set_reach_what_they_must() -> None:
    score = measure(POLICY, load_sentences())
    assert (PRECISION, RECALL) == (0.95, 0.85)
    assert (score.precision >= PRECISION, score.recall >= RECALL) == (True, True), score


def test_local_rules_on_the_held_out_half_are_not_far_behind() -> None:
    score = measure(POLICY, [sentence for sentence in load_sentences() if sentence.is_held_out])
    assert (score.precision >= 0.9, score.recall >= 0.8) == (True, True), score


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [
        ("written before the frames", 0.98, 0.8),
        ("written after the frames", 0.98, 0.55),
        ("Hebrew forms", 0.9, 0.95),
        ("by others, English", 0.9, 0.65),
        ("by others, Hebrew", 0.8, 0.45),
    ],
)
def test_local_rules_on_sentences_that_no_list_was_made_from_reach_what_they_did(
    name: str, precision: float, recall: float
) -> None:
    score = measure(POLICY, dict(load_unlisted())[name])
    assert (score.precision >= precision, score.recall >= recall) == (True, True), score


async def test_benchmark_of_all_benchmarks_tells_precision_and_recall_with_their_targets() -> None:
    assert benchmarks._BENCHMARKS["safety"] is run
    whole, *parts, cost = await run()
    assert whole.what == f"all, {len(load_sentences())} sentences" and whole.met
    assert "precision 0.9" in whole.measured and "recall 0.9" in whole.measured
    assert [part.what.split(",")[0] for part in parts] == [
        "tuned half",
        "held-out half",
        "English",
        "Hebrew",
        "written before the frames",
        "written after the frames",
        "Hebrew forms",
        "by others",
        "by others",
    ]
    assert cost.measured.endswith("µs") and cost.baseline == "1000 µs"


def test_page_on_benchmarks_describes_each_and_has_what_each_measured() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    described, measured = page.split("## Last measured")
    for text in (described, measured):
        assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(benchmarks._BENCHMARKS)


async def test_page_on_benchmarks_has_the_numbers_that_the_rules_reach_now() -> None:
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for row in (await run())[:-1]:
        assert f"| {row.what} | {row.measured} |" in page


def test_file_of_labelled_sentences_is_measured_by_language(tmp_path: Path) -> None:
    lines = ["unsafe\tHe stabbed him.", "unsafe\tOne more sip.", "harmless\tA warm day.", "harmless\tיום חם."]
    (tmp_path / "own.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert measure_file(tmp_path / "own.tsv") == [
        "en: found 1 of 2, stopped wrongly 0 of 1; precision 1.000, recall 0.500",
        "he: found 0 of 0, stopped wrongly 0 of 1; precision 1.000, recall 1.000",
    ]
    (tmp_path / "own.tsv").write_text("bad\tHe stabbed him.", encoding="utf-8")
    with pytest.raises(ValueError, match="unsafe or harmless"):
        measure_file(tmp_path / "own.tsv")
