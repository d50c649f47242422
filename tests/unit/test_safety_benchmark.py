"""What the local rules must reach on the labelled sentences."""

from collections import Counter

from benchmarks.safety import AGE, load_sentences, measure
from workflows.safety.policy import load_policy

POLICY = load_policy("child", AGE)


def test_labelled_set_is_large_balanced_and_in_two_languages() -> None:
    sentences = load_sentences()
    assert len({sentence.text for sentence in sentences}) == len(sentences) >= 400
    harmless = sum(sentence.category is None for sentence in sentences)
    assert 0.4 <= harmless / len(sentences) <= 0.6
    assert Counter(sentence.language for sentence in sentences)["he"] >= 80


def test_local_rules_on_the_labelled_set_reach_what_they_must() -> None:
    score = measure(POLICY, load_sentences())
    assert (score.precision >= 0.95, score.recall >= 0.85) == (True, True), score


def test_local_rules_on_the_held_out_half_are_not_far_behind() -> None:
    score = measure(POLICY, [sentence for sentence in load_sentences() if sentence.is_held_out])
    assert (score.precision >= 0.9, score.recall >= 0.8) == (True, True), score
