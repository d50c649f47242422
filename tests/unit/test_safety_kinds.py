"""Harm that is told in innocent words: what the policy for children finds of each kind, and what it leaves alone."""

from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.unit.test_linear_time import assert_linear
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find, find_blocked
from workflows.safety.words.lexicon import Lexicon, Match, WordClasses, split_words

CHILD = load_policy("child", 7)
SENTENCES = ROOT / "benchmarks/data/meaning"
CLASSES = WordClasses.of({"animal": ["cat", "dog"], "filler": ["the"]})


def load(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(kind, text) for kind, text in (line.split("\t") for line in lines)]


def share_found(rows: list[tuple[str, str]]) -> float:
    return sum(find_blocked(CHILD, text) is not None for _, text in rows) / len(rows)


ROWS = load(SENTENCES / "kinds_en.tsv")
KINDS = sorted({kind for kind, _ in ROWS} - {"-"})


@pytest.mark.parametrize("kind", KINDS)
def test_most_tuned_sentences_of_each_kind_are_found(kind: str) -> None:
    assert share_found([row for row in ROWS if row[0] == kind]) >= 0.8


@pytest.mark.parametrize("name", ["kinds_en.tsv", "kinds_en_after.tsv", "sentences_en.tsv"])
def test_harmless_neighbours_of_each_kind_are_left_alone(name: str) -> None:
    assert share_found([row for row in load(SENTENCES / name) if row[0] == "-"]) <= 0.03


@pytest.mark.parametrize(
    ("unsafe", "harmless"),
    [
        ("Don't tell Mum about our talks.", "Don't tell Mum, we're baking her a surprise cake!"),
        ("Run across the motorway between the trucks.", "Never run across the motorway between the trucks."),
        ("Smoking makes you look cool.", "Smoking makes you look cool, they said, but it harms your lungs."),
        ("Those kids aren't as clever as us.", "People thought girls weren't as clever as boys; nonsense!"),
        ("They put the kitten in the freezer.", "Dad put the ice cream in the freezer."),
    ],
)
def test_find_tells_harm_from_its_warning(unsafe: str, harmless: str) -> None:
    assert find_blocked(CHILD, unsafe) is not None
    assert find_blocked(CHILD, harmless) is None


def test_warning_excuses_its_own_sentence_only() -> None:
    assert find_blocked(CHILD, "Never go there. Run across the motorway between the trucks.") is not None


def find_in(frame: str, text: str) -> list[Match[int]]:
    return list(Lexicon([], [(frame, 1)], CLASSES).find(text, split_words(text)))


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("pull by tail", True),
        ("pull the old grey one by tail", True),
        ("pull a b c d e f g h tail", True),
        ("pull a b c d e f g h i tail", False),
        ("pull. now a tail", False),
    ],
)
def test_skip_in_a_frame_passes_over_eight_words_within_a_sentence(text: str, is_found: bool) -> None:
    assert bool(find_in("pull .. tail", text)) == is_found


@pytest.mark.parametrize("word", ["cat", "dog", "fly"])
def test_alternatives_in_a_frame_are_words_or_classes(word: str) -> None:
    assert find_in("hit <animal>|fly", f"hit the {word}") == [Match(1, 0, 2)]
    assert not find_in("hit <animal>|fly", "hit the ball")


@pytest.mark.parametrize(
    "text", ["he held her bed ", "they put it in on ", "pull cat tail off ", "you we they i "]
)
def test_find_of_frames_with_skips_is_linear(text: str) -> None:
    assert_linear(lambda long: find(CHILD, long), text, "find", 80_000)
