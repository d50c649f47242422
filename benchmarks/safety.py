"""How good the local safety rules are: precision and recall on labelled sentences, and what they cost.

The lists were tuned on one half of the set, the other was held out. Precision and recall are of "is it
blocked" for a reader of seven, the policy `child`. `python -m benchmarks.safety` also prints the mistakes in
the tuned half; with a file of lines `unsafe` or `harmless`, a tab and a sentence, it measures that instead.
"""

import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Row, Rows, show_one
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find_blocked

_DATA = Path(__file__).parent / "data"
AGE = 7
PRECISION, RECALL = 0.95, 0.85
"""What the whole set must reach."""
_SENTENCE_SECONDS = 0.001
_HEBREW = re.compile("[\u05d0-\u05ea]")


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


def load_unlisted() -> list[tuple[str, list[Sentence]]]:
    """The sets whose mistakes were never listed, by what they are."""
    files = {
        "written before the frames": "held_out.tsv",
        "written after the frames": "fresh.tsv",
        "Hebrew forms": "held_out_hebrew_forms.tsv",
    }
    by_others = [_read(line) for line in _lines("by_others.tsv")][
        1::2
    ]  # of the rest, mistakes were looked at
    return [
        *((name, [_read(line) for line in _lines(file)]) for name, file in files.items()),
        *(
            (f"by others, {name}", [s for s in by_others if s.language == language])
            for name, language in (("English", "en"), ("Hebrew", "he"))
        ),
    ]


def _read(line: str) -> Sentence:
    category, *language, text = line.split("\t")
    return Sentence(text, language[0] if language else "he", None if category == "-" else category, True)


def measure(policy: Policy, sentences: list[Sentence]) -> Score:
    """Blocks or passes each sentence."""
    right = wrong = missed = 0
    for sentence in sentences:
        is_blocked = find_blocked(policy, sentence.text) is not None
        right += is_blocked and sentence.category is not None
        wrong += is_blocked and sentence.category is None
        missed += not is_blocked and sentence.category is not None
    return Score(right, wrong, missed)


async def run() -> Rows:
    """The set and its parts against what must be reached on all of it, and the time a sentence takes."""
    policy, sentences = load_policy("child", AGE), load_sentences()
    sets = [*_subsets(sentences), *load_unlisted()]
    scores = [_row(name, chosen, measure(policy, chosen)) for name, chosen in sets]
    measure(policy, sentences[:1])  # compiles the patterns
    began = time.perf_counter()
    measure(policy, sentences)
    each = (time.perf_counter() - began) / len(sentences)
    limit = _SENTENCE_SECONDS * 1e6
    cost = Row(
        "a sentence",
        f"{each * 1e6:.0f} µs",
        f"{limit:.0f} µs",
        each * 1e6 / limit,
        "< 1 ms",
        each * 1e6 < limit,
    )
    return [*scores, cost]


def _row(name: str, sentences: list[Sentence], score: Score) -> Row:
    """The target is for the whole set; its parts have none of their own."""
    is_all = name == "all"
    return Row(
        f"{name}, {len(sentences)} sentences",
        f"precision {score.precision:.3f}, recall {score.recall:.3f}; "
        f"{score.wrong} stopped wrongly, {score.missed} missed",
        "",
        None,
        f"≥ {PRECISION}, ≥ {RECALL}" if is_all else "",
        score.precision >= PRECISION and score.recall >= RECALL if is_all else None,
    )


def measure_file(path: Path) -> list[str]:
    """Lines on a file of `unsafe<TAB>sentence` and `harmless<TAB>sentence`, by language. Raises ValueError for another
    label."""
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]
    if unknown := {label for label, _ in rows} - {"unsafe", "harmless"}:
        raise ValueError(f"{path}: a line begins with unsafe or harmless, not with {sorted(unknown)[0]}")
    sentences = [
        Sentence(text, "he" if _HEBREW.search(text) else "en", label if label == "unsafe" else None, True)
        for label, text in rows
    ]
    policy, found = load_policy("child", AGE), []
    for language in ("en", "he"):
        chosen = [each for each in sentences if each.language == language]
        score = measure(policy, chosen)
        unsafe = score.right + score.missed
        found.append(
            f"{language}: found {score.right} of {unsafe}, stopped wrongly {score.wrong} of {len(chosen) - unsafe}; "
            f"precision {score.precision:.3f}, recall {score.recall:.3f}"
        )
    return found


def list_mistakes() -> list[str]:
    """Where the rules are wrong about the tuned half. The held-out half's mistakes are never listed."""
    policy = load_policy("child", AGE)
    return [
        f"  {'missed' if found is None else f'wrong ({found.quote})'}: {sentence.text}"
        for sentence in load_sentences()
        if not sentence.is_held_out
        and ((found := find_blocked(policy, sentence.text)) is None) == (sentence.category is not None)
    ]


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
    if len(sys.argv) > 1:
        print(*measure_file(Path(sys.argv[1])), sep="\n")
    else:
        show_one(run, "safety")
        print(*list_mistakes(), sep="\n")
