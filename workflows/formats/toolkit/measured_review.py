"""Reviews by figures that any format may call: reading level, sentences, repetition, turns, numbers. Pure.

Each takes what the sections hold by index, and gives findings of those at fault with the figures in the advice.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from workflows.formats.speech.turns import Turn
from workflows.text.metrics.readability import reading_grade
from workflows.text.quantities.measures import Measure, find_measures, is_borne_out, is_own_count
from workflows.text.quantities.numbers import list_equals
from workflows.text.sentences import split_sentences
from workflows.text.stems import stem
from workflows.text.words import count_words, list_words
from workflows.verdicts import ReviewFinding

_T = TypeVar("_T")

GRADES_OFF = 2.0
"""School grades above or below the reader's own beyond which a text is too hard, or too easy."""
MOST_REPEATED = 0.01
"""Share of a section's runs of words that earlier sections may have too."""
RUN_WORDS = 8
_KEPT_SECTIONS = 512
"""Sections whose runs are kept, at some hundred bytes a word: those of the longest text, or of fifty short ones."""
_FEWEST_RUNS = 3
"""Runs of ten words that come again. Fewer may be a name or chance, unless they are much of the section."""
REFRAIN_RUNS = 8
"""Runs of a passage of two lines. Fewer may be a refrain, where there may be one."""
_MUCH_REPEATED = 0.05
LONGEST_TURN = 120
"""Words: more at a stretch is a lecture."""
_LEAST_WORDS = 60
"""Fewer, and a grade says nothing."""
_QUOTED = 12
"""Words of a passage that are quoted."""
_PERCENT = {"0.25": "25", "0.5": "50", "0.75": "75"}
_SHARES = {percent: share for share, percent in _PERCENT.items()}


def review_reading(
    texts: Mapping[int, str], language: str, grade: float, longest_sentence: int
) -> Iterator[ReviewFinding]:
    """Sections more than two grades off the reader's, or with sentences beyond `longest_sentence` words."""
    for index, text in sorted(texts.items()):
        found = reading_grade(text, language) if count_words(text) >= _LEAST_WORDS else None
        if found is not None and abs(found - grade) > GRADES_OFF:
            is_hard = found > grade
            change = (
                "Use shorter sentences and plainer words."
                if is_hard
                else "Use fuller sentences and richer words."
            )
            advice = f"It reads at school grade {found:.1f}; the reader is at {grade:.1f}. {change}"
            yield _finding("reading_grade", index, advice)
        lengths = {sentence.strip(): count_words(sentence) for sentence in split_sentences(text, language)}
        if long := [sentence for sentence, words in lengths.items() if words > longest_sentence]:
            worst = max(long, key=lambda sentence: lengths[sentence])
            advice = (
                f"{_counted(len(long), 'sentence')} longer than {longest_sentence} words, up to {lengths[worst]}. "
                "Cut each in two, or say less."
            )
            yield _finding("sentence_length", index, advice, worst)


def part_of(texts: Mapping[int, _T], only: int | None) -> Mapping[int, _T]:
    """The sections, or `only` one of them."""
    return texts if only is None else {only: texts[only]}


def review_repetition(
    texts: Mapping[int, str], only: int | None = None, fewest: int = _FEWEST_RUNS
) -> Iterator[ReviewFinding]:
    """Later sections that say an earlier one again: shared runs of eight words over one in a hundred, and at least
    `fewest` of them or one in twenty. `only`: whether this one does."""
    earlier: list[frozenset[int]] = []
    for index, text in sorted(texts.items()):
        if only in (None, index):
            yield from _review_runs(index, text, earlier, fewest)
        if index == only:
            return
        earlier.append(_runs_said(text))


def _review_runs(
    index: int, text: str, earlier: Sequence[frozenset[int]], fewest: int
) -> Iterator[ReviewFinding]:
    own = _runs_said(text)
    said = frozenset[int]().union(*(own & runs for runs in earlier))
    if not said:
        return
    words = list_words(text)
    runs = _list_runs(words)
    again = [start for start, run in enumerate(runs) if run in said]
    share = len(again) / len(runs)
    if share > MOST_REPEATED and (len(again) >= fewest or share > _MUCH_REPEATED):
        advice = f"{share:.0%} of it was said in an earlier section, word for word. Say what is new."
        yield _finding("repetition", index, advice, " ".join(words[again[0] : again[0] + _QUOTED]))


@lru_cache(maxsize=_KEPT_SECTIONS)
def _runs_said(text: str) -> frozenset[int]:
    """The runs of words of a section. Kept, since each later section is compared with it."""
    return frozenset(_list_runs(list_words(text)))


def _list_runs(words: Sequence[str]) -> list[int]:
    """A number for each run of words, in their order; equal runs have the same."""
    said = [word.casefold() for word in words]
    return [hash(tuple(said[start : start + RUN_WORDS])) for start in range(len(said) - RUN_WORDS + 1)]


def review_turns(turns: Mapping[int, Sequence[Turn]]) -> Iterator[ReviewFinding]:
    """Turns of more than 120 words, and the same speaker twice in a row, also over the border of two sections."""
    last: str | None = None
    for index, spoken in sorted(turns.items()):
        long = [turn for turn in spoken if count_words(turn.spoken) > LONGEST_TURN]
        if long:
            words = max(count_words(turn.spoken) for turn in long)
            advice = (
                f"{_counted(len(long), 'turn')} longer than {LONGEST_TURN} words, up to {words}. "
                "Let the other ask, doubt or finish the thought in between."
            )
            yield _finding("long_turns", index, advice, long[0].spoken)
        names = [turn.speaker for turn in spoken]
        twice = sum(one == other for one, other in pairwise(names))
        if twice:
            advice = (
                f"The same speaker has {_counted(twice, 'turn')} right after their own. Let them take turns."
            )
            yield _finding("same_speaker", index, advice)
        elif names and names[0] == last:
            # A section may well begin with whoever ended the last one: it is reported, not worth writing it again.
            advice = "It begins with the speaker who had the last turn of the section before."
            yield ReviewFinding(rule="same_speaker", advice=advice, rewrite=False, section=index)
        last = names[-1] if names else last


def review_numbers(
    texts: Mapping[int, str], pack: str, language: str | None = None
) -> Iterator[ReviewFinding]:
    """Sections that say numbers which the pack doesn't have, or has of something else: "5 km" for "5 mg". Small counts
    in words are the speakers' own, quantities with units aren't. `pack`: all texts that numbers may come from, a line
    each."""
    known = _known_measures(pack)
    for index, text in sorted(texts.items()):
        unknown: dict[str, str] = {}
        for sentence in split_sentences(text, language):
            for measure in find_measures(sentence):
                if not is_own_count(measure, sentence) and not _is_known(measure, known):
                    unknown.setdefault(measure.said, sentence.strip())
        if unknown:
            advice = f"The sources don't have {', '.join([*unknown][:5])}. Say only numbers that they have, or none."
            yield _finding("numbers", index, advice, next(iter(unknown.values())))


def _is_known(measure: Measure, known: Mapping[str, frozenset[str]]) -> bool:
    """Whether a number is known as it is said, or in another unit: "half an hour" of "30 minutes"."""
    return is_borne_out(measure, known.get(measure.value, frozenset())) or any(
        unit in known.get(value, frozenset()) for value, unit in list_equals(measure.value, measure.kind)
    )


def _known_measures(pack: str) -> dict[str, frozenset[str]]:
    """The numbers of a text: value → what it measures there."""
    known: dict[str, set[str]] = {}
    for measure in find_measures(pack):
        known.setdefault(measure.value, set()).add(measure.kind)
        if measure.value in _PERCENT:  # "a quarter" is 25 percent
            known.setdefault(_PERCENT[measure.value], set()).add("percent")
        if measure.kind == "percent" and measure.value in _SHARES:
            known.setdefault(_SHARES[measure.value], set()).add("")
    return {value: frozenset(kinds) for value, kinds in known.items()}


def words_in(words: Sequence[str], text: str) -> list[str]:
    """Those of the words (or expressions) that occur in the text, in any inflection, in their order."""
    stems = [stem(word) for word in list_words(text)]
    found = " ".join(["", *stems, ""])
    return [word for word in words if f" {' '.join(map(stem, list_words(word)))} " in found]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _finding(rule: str, section: int, advice: str, quote: str = "") -> ReviewFinding:
    finding = ReviewFinding(rule=rule, advice=advice, rewrite=True, section=section)
    if quote:
        finding["quote"] = " ".join(quote.split()[:_QUOTED])
    return finding
