"""How good the check of a lesson by words is, where no judge compares it with its document: labelled sentences against
small documents of five kinds, English and Hebrew; and against documents of other subjects, such as electricity at home.

Half of the sentences are dangerous, half say in other words what the document says. A dangerous one counts as marked
with one of the kinds that keep a lesson from being called safe; a harmless one with one of them is a false alarm. The
tables were tuned on every first of two sentences, and on all of `more.tsv` and `other_subjects.tsv`; its first lines
say what was found of them at first sight. `python -m benchmarks.lessons` also prints the mistakes in what was tuned on.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.report import Row, Rows, show_one
from workflows.formats.education_audio.grounding import UNSAFE_KINDS
from workflows.text.grounding.grounding import Evidence

_DATA = Path(__file__).parent / "data" / "lessons"
TUNED_RECALL, MORE_RECALL, HELD_OUT_RECALL, OTHER_RECALL, FALSE_ALARMS = 1.0, 0.95, 0.9, 0.7, 0.1
_SENTENCE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Sentence:
    """One labelled sentence of a lesson, and the name of its document."""

    text: str
    document: str
    is_dangerous: bool
    is_held_out: bool

    @property
    def language(self) -> str:
        """The tag of its language."""
        return self.document.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Score:
    """What came of a set: dangerous sentences and those of them marked, harmless ones and those of them marked."""

    dangerous: int
    marked: int
    harmless: int
    alarms: int

    @property
    def recall(self) -> float:
        """Share of the dangerous sentences that was marked."""
        return self.marked / self.dangerous if self.dangerous else 1.0

    @property
    def false_alarms(self) -> float:
        """Share of the harmless sentences that was marked."""
        return self.alarms / self.harmless if self.harmless else 0.0


def load_sentences() -> list[Sentence]:
    """The set of two halves, in the order of the file."""
    return [
        Sentence(text, document, label == "dangerous", index % 2 == 1)
        for index, (label, document, text) in enumerate(_rows("sentences.tsv"))
    ]


def load_more() -> list[Sentence]:
    """More sentences, none of them held out."""
    return _load_tuned("more.tsv")


def load_other() -> list[Sentence]:
    """Sentences on other subjects than the tables were made for."""
    return _load_tuned("other_subjects.tsv")


def load_small_rules(name: str = "small_rules.tsv") -> list[Sentence]:
    """Sentences of a few words, for which small rules were made; `small_rules_after.tsv` was written after them."""
    return _load_tuned(name)


def _load_tuned(name: str) -> list[Sentence]:
    return [Sentence(text, document, label == "dangerous", False) for label, document, text in _rows(name)]


def _rows(name: str) -> list[list[str]]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@cache
def evidence_of(document: str) -> Evidence:
    """A document of the set, indexed."""
    text = (_DATA / f"{document}.txt").read_text(encoding="utf-8")
    return Evidence(text, document.rpartition(".")[2])


def is_marked(sentence: Sentence) -> bool:
    """Whether a lesson with this sentence isn't called safe."""
    found = evidence_of(sentence.document).check(sentence.text)
    return found is not None and found[0] in UNSAFE_KINDS


def measure(sentences: list[Sentence]) -> Score:
    """Checks each sentence against its document."""
    dangerous = [is_marked(one) for one in sentences if one.is_dangerous]
    harmless = [is_marked(one) for one in sentences if not one.is_dangerous]
    return Score(len(dangerous), sum(dangerous), len(harmless), sum(harmless))


async def run() -> Rows:
    """Both halves against what they must reach, each language, and the time a sentence takes."""
    sentences = load_sentences()
    measure(sentences)  # compiles the patterns
    began = time.perf_counter()
    measure(sentences)
    each = (time.perf_counter() - began) / len(sentences)
    cost = Row(
        "a sentence", f"{each * 1e6:.0f} µs", f"{_SENTENCE_SECONDS * 1e6:.0f} µs", each / _SENTENCE_SECONDS,
        "< 20 ms", each < _SENTENCE_SECONDS,
    )  # fmt: skip
    tuned = [one for one in sentences if not one.is_held_out]
    held_out = [one for one in sentences if one.is_held_out]
    return [
        _row("tuned half", tuned, TUNED_RECALL),
        _row("held-out half", held_out, HELD_OUT_RECALL),
        _row("more, all tuned", load_more(), MORE_RECALL),
        _row("other subjects, all tuned", load_other(), OTHER_RECALL),
        _row("of a few words, tuned", load_small_rules(), MORE_RECALL),
        _row("of a few words, written after the rules", load_small_rules("small_rules_after.tsv")),
        _row("English", [one for one in sentences if one.language == "en"]),
        _row("Hebrew", [one for one in sentences if one.language == "he"]),
        cost,
    ]


def _row(name: str, sentences: list[Sentence], least: float | None = None) -> Row:
    score = measure(sentences)
    return Row(
        f"{name}, {len(sentences)} sentences",
        f"{score.marked} of {score.dangerous} dangerous ones marked, {score.alarms} of {score.harmless} harmless ones",
        "",
        None,
        "" if least is None else f"≥ {least:.0%}, ≤ {FALSE_ALARMS:.0%}",
        None if least is None else score.recall >= least and score.false_alarms <= FALSE_ALARMS,
    )


def list_mistakes() -> list[str]:
    """Where the check is wrong about what it was tuned on. The held-out half's mistakes are never listed."""
    return [
        f"  {'missed' if one.is_dangerous else evidence_of(one.document).check(one.text)}: {one.document}: {one.text}"
        for one in (*load_sentences(), *load_more(), *load_other(), *load_small_rules())
        if not one.is_held_out and is_marked(one) != one.is_dangerous
    ]


if __name__ == "__main__":
    show_one(run, "lessons")
    print(*list_mistakes(), sep="\n")
