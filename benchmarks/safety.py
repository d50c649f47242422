"""How good the local safety rules are: precision and recall on labelled sentences, and what they cost.

`python -m benchmarks.safety` prints both halves of the set: the lists were tuned on one, the other was
held out. Precision and recall are of "is it blocked" for a reader of seven, the policy `child`.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from workflows.safety.policy import Policy, load_policy
from workflows.safety.rules import find_blocked

_DATA = Path(__file__).parent / "data"
AGE = 7


@dataclass(frozen=True, slots=True)
class Sentence:
    """One labelled sentence; `category` is None where it is harmless."""

    text: str
    language: str
    category: str | None
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What came of a set: sentences blocked rightly, blocked wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was blocked that had to be."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what had to be blocked that was."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def load_sentences() -> list[Sentence]:
    """The whole set, in the order of the files."""
    rows = [
        (category, language, text)
        for category, language, text in (line.split("\t") for line in _lines("unsafe.tsv"))
    ]
    unsafe = [
        Sentence(text, language, category, index % 2 == 1)
        for index, (category, language, text) in enumerate(rows)
    ]
    harmless = [
        Sentence(text, language, None, index % 2 == 1)
        for index, (language, text) in enumerate(line.split("\t") for line in _lines("harmless.tsv"))
    ]
    return [*unsafe, *harmless]


def measure(policy: Policy, sentences: list[Sentence]) -> Score:
    """Blocks or passes each sentence."""
    right = wrong = missed = 0
    for sentence in sentences:
        is_blocked = find_blocked(policy, sentence.text) is not None
        right += is_blocked and sentence.category is not None
        wrong += is_blocked and sentence.category is None
        missed += not is_blocked and sentence.category is not None
    return Score(right, wrong, missed)


def main() -> None:
    """Prints the table, the mistakes in the tuned half, and the time a sentence takes."""
    policy, sentences = load_policy("child", AGE), load_sentences()
    print(f"{len(sentences)} sentences, policy {policy.label}")
    print(f"{'':22}{'sentences':>10}{'precision':>11}{'recall':>8}")
    for name, chosen in _subsets(sentences):
        score = measure(policy, chosen)
        print(f"{name:22}{len(chosen):>10}{score.precision:>11.3f}{score.recall:>8.3f}")
    for sentence in sentences:
        found = find_blocked(policy, sentence.text)
        if not sentence.is_held_out and (found is None) == (sentence.category is not None):
            print(f"  {'missed' if found is None else f'wrong ({found.quote})'}: {sentence.text}")
    began = time.perf_counter()
    for sentence in sentences:
        find_blocked(policy, sentence.text)
    print(f"{(time.perf_counter() - began) / len(sentences) * 1e6:.0f} µs a sentence")


def _subsets(sentences: list[Sentence]) -> list[tuple[str, list[Sentence]]]:
    return [
        ("all", sentences),
        ("tuned half", [s for s in sentences if not s.is_held_out]),
        ("held-out half", [s for s in sentences if s.is_held_out]),
        ("English", [s for s in sentences if s.language == "en"]),
        ("Hebrew", [s for s in sentences if s.language == "he"]),
    ]


def _lines(name: str) -> list[str]:
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


if __name__ == "__main__":
    main()
