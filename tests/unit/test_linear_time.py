"""Everything that runs over a text takes time in proportion to it, whatever the text is: neither a model that
loops nor an input that somebody made for it may hold the interpreter."""

import ast
import gc
import importlib
import inspect
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

import backend
import workflows
import workflows.text
from backend.runs.results.diff import compare_sections
from workflows.formats.creator_script.script import split_heading
from workflows.formats.podcast.long_turns import TurnMender
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.toolkit.trailer import Trailer
from workflows.models.embedded.sentences import SentenceBuffer
from workflows.safety.check import check_input, check_text
from workflows.safety.personal import find_personal_data
from workflows.safety.policies.policy_files import load_policy
from workflows.safety.rules import find, is_open
from workflows.safety.screen import filter_sentences
from workflows.safety.untrusted.documents import examine, find_attack, uncover
from workflows.safety.untrusted.injection import find_injection
from workflows.safety.words.folding import fold, fold_lookalikes
from workflows.safety.words.spelling import readings
from workflows.text.grounding.grounding import Evidence
from workflows.text.metrics.coverage import covers, find_passage
from workflows.text.parts import divide, list_passages
from workflows.text.quantities.intervals import find_dose_rates
from workflows.text.sentences import SentenceSplitter, find_sentence_end, split_sentences
from workflows.text.streams.landing import LandingBuffer
from workflows.text.streams.length import Room, Trimmer
from workflows.text.streams.markup import MarkupFilter
from workflows.text.streams.normaliser import Normaliser
from workflows.text.words import WordCounter

SIZE = 100_000
_POLICY = load_policy("child", 7)
_FLOOR = 0.06
"""Seconds of processor time that 100 kB may take as they like: below, the ratio is noise."""
_BEARABLE = 1.5
"""Seconds that 100 kB may be expected to take, if it is quadratic: above, a quarter decides."""
_TRIES = 5
_RATIO = 3.0
"""How many times longer twice the text may take. Linear is 2, quadratic is 4."""
_SURELY_LINEAR, _SURELY_AT_AN_EIGHTH = 2.3, 2.2
"""With this ratio at a quarter or an eighth of the size, the one of the whole is below the limit by arithmetic."""

UNITS = ("a", "a ", ".", " ", "<", "\n", "1", "\u0301")
MORE_UNITS = (
    *("a.", "a. ", "<a", "* ", "[", "(", '"', "= ", "_", "-", "א ", "a\n", " \n", "1. ", "。", "word "),
)  # fmt: skip


def some_and_more() -> list[Any]:
    """The units of every test run, and those that are for `make soak` only."""
    return [*UNITS, *(pytest.param(unit, marks=pytest.mark.soak) for unit in MORE_UNITS)]


class Filter(Protocol):
    """A stream of text in, something out."""

    def feed(self, chunk: str, /) -> Any: ...


# Rooms beside workflows.text add theirs here: whatever takes a text, as a call with that text alone.
CALLS: dict[str, Callable[[str], object]] = {
    "find_passage": lambda text: covers(find_passage("Trees take water", text)[1], "Trees take water"),
    "find_passage of a long point": lambda text: find_passage(text, "Trees take water. They grow."),
    "grounding in a long document": lambda text: Evidence(text).check("Take 5 mg of it a day with water."),
    "grounding of a long sentence": lambda text: Evidence("Take 5 mg a day. It helps.").check(text),
    "grounding of many sentences": lambda text: [*map(Evidence("A.").check, split_sentences(text))],
    "find_dose_rates of many doses": lambda text: find_dose_rates(
        "two tablets a day and " * (len(text) // 22)
    ),
    "parts": lambda text: divide(list_passages(text, 200), 5, 2000),
    "compare_sections": lambda text: compare_sections([("", text)], [("", text[1:])]),
    "split_heading": split_heading,
    "find_sentence_end": find_sentence_end,
    "fold": fold,
    "fold_lookalikes": fold_lookalikes,
    "readings": lambda text: [*readings(text)],
    "find": lambda text: find(_POLICY, text),
    "find with names": lambda text: find(_POLICY.with_names(("Uzi", "דקר")), text),
    "filter_sentences": lambda text: filter_sentences(_POLICY, text),
    "is_open": lambda text: is_open(_POLICY, text),
    "check_text": lambda text: check_text(_POLICY, text),
    "check_input": lambda text: check_input(_POLICY, {"text": text}),
    "find_injection": find_injection,
    "find_attack": find_attack,
    # A whole number of bytes: an odd row of digits is no hexadecimal, and costs less.
    "examine": lambda text: examine(text[: len(text) // 4 * 4]),
    "uncover": uncover,
    "find_personal_data": find_personal_data,
}


def _in_notes() -> Trailer:
    trailer = Trailer()
    trailer.feed("The end.\n=== NOTES ===\n")
    return trailer


STREAMS: dict[str, Callable[[], Filter]] = {
    "Normaliser": Normaliser,
    "MarkupFilter": MarkupFilter,
    "SentenceSplitter": SentenceSplitter,
    "WordCounter": WordCounter,
    "Trimmer that is free": lambda: Trimmer(Room(10**6, 10**6, 10**7)),
    "Trimmer that holds": lambda: Trimmer(Room(1, 10**6, 10**6 + 1)),
    "Trimmer at its end": lambda: Trimmer(Room(90, 100, 110)),
    "LandingBuffer that is free": lambda: LandingBuffer(Room(10**6, 10**6, 10**7)),
    "LandingBuffer that holds": lambda: LandingBuffer(Room(1, 2, 10**6)),
    "MarkedText": MarkedText,
    "TurnMender": lambda: TurnMender(["Ada", "Ben"], "en"),
    "Trailer": Trailer,
    "Trailer in its notes": _in_notes,
    "SentenceBuffer": lambda: SentenceBuffer("", "", ""),
}


def modules(*roots: ModuleType) -> Iterator[ModuleType]:
    for root in roots:
        for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not found.name.startswith("backend.store.migrations"):
                yield importlib.import_module(found.name)


def patterns_in(value: object, depth: int = 0) -> Iterator[re.Pattern[str]]:
    """The patterns that a value is or holds."""
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif depth < 4:
        for inner in _inside(value):
            yield from patterns_in(inner, depth + 1)


def _inside(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return [*value]
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in fields(value)]
    return []


def literal_patterns(module: ModuleType) -> Iterator[re.Pattern[str]]:
    """Those that are written where they are used: `re.sub(r"…", …)`."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str(pattern)), *_]
            ):
                yield re.compile(pattern)
            case _:
                pass


@cache
def list_patterns() -> dict[re.Pattern[str], str]:
    """Every pattern of the code, and where it stands."""
    found: dict[re.Pattern[str], str] = {}
    for module in modules(workflows, backend):
        for name, value in vars(module).items():
            for pattern in patterns_in(value) if not name.startswith("__") else ():
                found.setdefault(pattern, f"{module.__name__}.{name}")
        for pattern in literal_patterns(module):
            found.setdefault(pattern, f"{module.__name__}: {pattern.pattern}")
    return found


def list_functions() -> dict[str, Callable[[str], object]]:
    """The public functions of workflows.text that a text is enough for."""
    return {
        f"{module.__name__}.{name}": function
        for module in modules(workflows.text)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and _takes_a_text(function)
    }


def _takes_a_text(function: Callable[..., object]) -> bool:
    parameters = [*inspect.signature(function).parameters.values()]
    return (
        bool(parameters)
        and parameters[0].annotation is str
        and all(other.default is not inspect.Parameter.empty for other in parameters[1:])
    )


def text_of(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def literals_of(pattern: re.Pattern[str]) -> list[str]:
    """Words that a pattern looks for, which may set it going."""
    return sorted(set(re.findall(r"(?<!\\)[\w<!=|-]{2,}", pattern.pattern)))[:4]


def assert_linear(
    work: Callable[[str], object], unit: str, what: str, whole: int = SIZE, *, in_full: bool = False
) -> None:
    """A short look, and for what isn't surely quick one at an eighth and at a quarter. Only what isn't surely linear
    there, or all that isn't quick if it is looked at `in_full`, is run over the whole."""
    look = _seconds(work, text_of(unit, whole // 16))
    if look * 16**2 < _FLOOR:
        return
    if not in_full and _ratio(work, unit, whole // 8, _SURELY_AT_AN_EIGHTH) < _SURELY_AT_AN_EIGHTH:
        return
    ratio = _ratio(work, unit, whole // 4)
    if ratio < _SURELY_LINEAR and not (in_full and look * 16**2 < _BEARABLE):
        return
    if look * 16**2 > _BEARABLE:
        _check(ratio, unit, whole // 4, what)
    if _seconds(work, text_of(unit, whole)) > _FLOOR:
        _check(_ratio(work, unit, whole), unit, whole, what)


def _ratio(work: Callable[[str], object], unit: str, size: int, surely: float = _SURELY_LINEAR) -> float:
    """How many times as long as half of the text the whole takes. A busy machine only ever adds to a time, so the
    shortest of some tries is nearest to what the work takes; one try alone acquits nobody, since its half may have
    been slow."""
    half, whole = text_of(unit, size // 2), text_of(unit, size)
    halves, wholes = [_seconds(work, half)], [_seconds(work, whole)]
    while len(wholes) < _TRIES and (len(wholes) < 2 or min(wholes) >= surely * min(halves)):
        halves.append(_seconds(work, half))
        wholes.append(_seconds(work, whole))
    return min(wholes) / max(min(halves), sys.float_info.epsilon)


def _check(ratio: float, unit: str, size: int, what: str) -> None:
    assert ratio < _RATIO, f"{what}: {size} characters of {unit!r} take {ratio:.1f} times of half"


def _seconds(work: Callable[[str], object], text: str) -> float:
    """Of the processor, without what the collector of garbage takes for all the other tests' objects."""
    gc.disable()
    try:
        started = time.thread_time()
        work(text)
        return time.thread_time() - started
    finally:
        gc.enable()


def _search_all(pattern: re.Pattern[str]) -> Callable[[str], object]:
    def search(text: str) -> None:
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)

    return search


def _feed(stream: Callable[[], Filter], size: int) -> Callable[[str], object]:
    def feed(text: str) -> None:
        one = stream()
        for start in range(0, len(text), size):
            out = one.feed(text[start : start + size])
            list(out) if isinstance(out, Iterator) else None
        if (close := getattr(one, "close", None)) is not None:
            close()

    return feed


@pytest.mark.parametrize("unit", some_and_more())
def test_every_pattern_takes_time_in_proportion_to_the_text(unit: str) -> None:
    for pattern, place in list_patterns().items():
        assert_linear(_search_all(pattern), unit, place)


def test_every_pattern_takes_time_in_proportion_to_the_words_that_it_looks_for() -> None:
    for pattern, place in list_patterns().items():
        for literal in literals_of(pattern):
            assert_linear(_search_all(pattern), literal, place)


@pytest.mark.parametrize("unit", some_and_more())
def test_every_function_over_text_takes_time_in_proportion_to_it(unit: str) -> None:
    for name, function in {**list_functions(), **CALLS}.items():
        assert_linear(function, unit, name)


@pytest.mark.parametrize("unit", some_and_more())
def test_every_stream_of_text_takes_time_in_proportion_to_it_however_it_is_cut(unit: str) -> None:
    for name, stream in STREAMS.items():
        assert_linear(_feed(stream, SIZE), unit, f"{name} at once")
        assert_linear(_feed(stream, 1), unit, f"{name} by the letter", whole=SIZE // 4)


@pytest.mark.soak
@pytest.mark.parametrize("unit", (*UNITS, *MORE_UNITS))
def test_every_stream_of_text_takes_time_in_proportion_to_a_long_one_by_the_letter(unit: str) -> None:
    for name, stream in STREAMS.items():
        assert_linear(_feed(stream, 1), unit, f"{name} by the letter", in_full=True)


@pytest.mark.soak
@pytest.mark.parametrize("unit", (*UNITS, *MORE_UNITS))
def test_everything_takes_time_in_proportion_to_the_whole_of_a_long_text(unit: str) -> None:
    for pattern, place in list_patterns().items():
        assert_linear(_search_all(pattern), unit, place, in_full=True)
    for name, function in {**list_functions(), **CALLS}.items():
        assert_linear(function, unit, name, in_full=True)
    for name, stream in STREAMS.items():
        assert_linear(_feed(stream, SIZE), unit, f"{name} at once", in_full=True)


@pytest.mark.parametrize(
    ("pattern", "unit"), [(r"a*b", "a"), (r"\s+\Z.", " "), (r"\d+\.", "1"), (r"<.*>", "<")]
)
def test_pattern_whose_time_grows_with_the_square_is_measured_as_it_is(pattern: str, unit: str) -> None:
    """Eight times the text: 8 times as long if it grew with the text, 64 times with the square. So wide a gap is
    seen on a machine whose cores are half as fast at times."""
    search = _search_all(re.compile(pattern))
    eighth = min(_seconds(search, text_of(unit, SIZE // 64)) for _ in range(_TRIES))
    assert _seconds(search, text_of(unit, SIZE // 8)) > 20 * eighth


@pytest.mark.parametrize(("linear", "square"), [(0.0, 1e-9), (1e-6, 1e-9), (1e-6, 1e-10), (1e-5, 1e-9)])
def test_function_whose_time_grows_with_the_square_is_found(
    monkeypatch: pytest.MonkeyPatch, linear: float, square: float
) -> None:
    """By a clock that the function itself moves on: how dear copying or counting is differs between machines."""
    with pytest.raises(AssertionError, match="times of half"):
        assert_linear(_timed(monkeypatch, linear, square), "a", "grows")


@pytest.mark.parametrize(("linear", "square"), [(1e-9, 0.0), (1e-6, 0.0), (1e-5, 0.0), (1e-6, 1e-13)])
def test_function_whose_time_grows_with_the_text_is_let_pass(
    monkeypatch: pytest.MonkeyPatch, linear: float, square: float
) -> None:
    assert_linear(_timed(monkeypatch, linear, square), "a", "grows")


def _timed(monkeypatch: pytest.MonkeyPatch, linear: float, square: float) -> Callable[[str], object]:
    """A function that takes so many seconds a character and a character's square, and no other time at all."""
    now = 0.0

    def work(text: str) -> None:
        nonlocal now
        now += linear * len(text) + square * len(text) ** 2

    monkeypatch.setattr(time, "thread_time", lambda: now)
    return work


def test_patterns_and_functions_are_found_where_they_are() -> None:
    places = list_patterns().values()
    assert "workflows.text.words._WORD" in places
    assert any("backend" in place for place in places)
    assert {"workflows.text.words.count_words", "workflows.text.sentences.split_sentences"} <= set(
        list_functions()
    )
    assert [*patterns_in({"a": [(re.compile("x"), 1)]})] == [re.compile("x")]
