"""Scenes: word classes that mean harm together in one sentence, in any order: `<jump> <rooftop> !<animal>`.

They are of Hebrew: its forms of words, its warnings and denials are what is read here, and a text in Latin letters has
no scene. A scene is looser than a frame: other words may stand between. `!<animal>` says what must not be in the
sentence. A sentence that warns (dangerous, forbidden) or denies (doesn't climb) is no scene. Linear in the text.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from workflows.safety.words.folding import fold
from workflows.safety.words.hebrew import expand
from workflows.safety.words.lexicon import Match, Word, without_prefix
from workflows.text.sentences import leads_on

_T = TypeVar("_T")
_FILE = Path(__file__).parent / "scenes_hebrew.toml"
_PART = re.compile(r"(!?)<(\w+)>")
_ENDS_SENTENCE = re.compile(r"[.!?;…\n]")
_LONGEST = 40  # words that are looked at together
_WIDEST = 14  # words from a scene's first word to its last
_SHORTEST = 3  # letters of a word behind several prefixed letters
_MOST_REMEMBERED = 20_000
_WARNING, _NEGATION, _CONTRAST, _MODAL = "warning", "negation", "contrast", "modal"
_NEGATABLE, _SOOTHING = "negatable", "soothing"
_DONT, _SECOND_PERSON = "אל", "ת"  # "don't" before a verb of the second person
_NONE: frozenset[str] = frozenset()


class _Scene(NamedTuple):
    value: object
    others: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The classes of each word, and the places of each class."""

    classes: list[frozenset[str]]
    places: dict[str, list[int]]

    def has(self, place: int, name: str) -> bool:
        return 0 <= place < len(self.classes) and name in self.classes[place]


class Scenes(Generic[_T]):
    """Scenes of Hebrew, each with a value, looked up by their first class.

    Raises ValueError for a scene that isn't made of known classes.
    """

    def __init__(self, scenes: Iterable[tuple[str, _T]], classes: Mapping[str, frozenset[str]]) -> None:
        self._classes = classes
        self._known: dict[str, frozenset[str]] = {}
        self._scenes: dict[str, list[_Scene]] = {}
        names = {name for of_word in classes.values() for name in of_word}
        for scene, value in scenes:
            first, *others, excluded = _parse(scene, names)
            self._scenes.setdefault(str(first), []).append(
                _Scene(value, tuple(map(str, others)), tuple(excluded))
            )

    def find(self, folded: str, words: Sequence[Word]) -> Iterator[Match[_T]]:
        """The scenes in a text: one match of each for each sentence."""
        if not self._scenes or folded.isascii():
            return
        for start, end in _sentences(folded, words):
            sentence = self._read(words[start:end])
            for name in sentence.places.keys() & self._scenes.keys():
                for scene in self._scenes[name]:
                    if (found := _find(scene, name, sentence)) is not None:
                        yield Match(scene.value, start + found[0], start + found[-1])  # type: ignore[arg-type]

    def _read(self, words: Sequence[Word]) -> _Sentence:
        classes = [self._classes_of(word.text) for word in words]
        for place, word in enumerate(words):
            following = words[place + 1].text if place + 1 < len(words) else ""
            if word.text == _DONT:
                classes[place] = self._of_dont(classes[place], following)
        places: dict[str, list[int]] = {}
        for place, names in enumerate(classes):
            for name in names:
                places.setdefault(name, []).append(place)
        return _Sentence(classes, places)

    def _of_dont(self, names: frozenset[str], verb: str) -> frozenset[str]:
        """The classes of "don't": a warning, unless what follows is "tell" or "be afraid"; none where it means "to"."""
        if not verb.startswith(_SECOND_PERSON):
            return _NONE
        return names if _SOOTHING in self._classes_of(verb) else names | {_WARNING}

    def _classes_of(self, word: str) -> frozenset[str]:
        known = self._known.get(word)
        if known is None:
            # "שכבה" is no "when in her": a pair of letters is a word behind one prefixed letter at most.
            spellings = [
                spelling
                for spelling in without_prefix(word)
                if len(spelling) >= _SHORTEST or len(word) - len(spelling) <= 1
            ]
            known = _NONE.union(*(self._classes.get(spelling, _NONE) for spelling in spellings))
            if len(self._known) < _MOST_REMEMBERED:
                self._known[word] = known
        return known


@cache
def load_scene_classes() -> dict[str, frozenset[str]]:
    """The classes of each Hebrew word. An entry may hold another class: `<car>;any טרמפ`."""
    members: dict[str, list[str]] = {}
    for name, entries in _load()["classes"].items():
        members[name] = [word for entry in entries.split(";") for word in _words(entry.strip(), members)]
    classes: dict[str, set[str]] = {}
    for name, words in members.items():
        for word in words:
            classes.setdefault(fold(word), set()).add(name)
    return {word: frozenset(names) for word, names in classes.items()}


def load_scenes(name: str) -> list[str]:
    """The scenes of our list `name`. Raises ValueError when there is none."""
    listed = _load()["scenes"]
    if name not in listed:
        raise ValueError(f"scenes names no list of ours: {name!r}; there is {', '.join(listed)}")
    return list(listed[name])


@cache
def _load() -> dict[str, dict[str, str]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def _words(entry: str, members: Mapping[str, list[str]]) -> list[str]:
    return members[entry[1:-1]] if entry.startswith("<") else [word.strip() for word in expand(entry)]


def _parse(scene: str, names: set[str]) -> tuple[str | list[str], ...]:
    """The classes that a scene must have, and last the list of those that it mustn't."""
    parts = [_PART.fullmatch(part) for part in scene.split()]
    found = [(part[1], part[2]) for part in parts if part and part[2] in names]
    wanted = [name for sign, name in found if not sign]
    if len(found) < len(parts) or not wanted:
        raise ValueError(f"{scene!r} is no scene: <class> <class> !<class>, of those in {_FILE.name}")
    return (*wanted, [name for sign, name in found if sign])


def _sentences(folded: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(words) + 1):
        is_end = place == len(words) or place - start == _LONGEST
        mark = None if is_end else _ENDS_SENTENCE.search(folded, words[place - 1].end, words[place].start)
        if is_end or (mark is not None and not leads_on(folded, mark.start())):
            yield start, place
            start = place


def _find(scene: _Scene, first: str, sentence: _Sentence) -> list[int] | None:
    """The places of a scene's words, in order."""
    places = sentence.places
    if any(name not in places for name in scene.others) or any(name in places for name in scene.excluded):
        return None
    for anchor in places[first]:
        found = _around(anchor, scene.others, places)
        if found and not _is_harmless(found, sentence):
            return found
    return None


def _around(anchor: int, others: tuple[str, ...], places: Mapping[str, list[int]]) -> list[int] | None:
    """The anchor and the nearest word of each other class, no word twice."""
    found = [anchor]
    for name in others:
        free = [place for place in places[name] if place not in found]
        if not free:
            return None
        found.append(min(free, key=lambda place: abs(place - anchor)))
    return sorted(found) if max(found) - min(found) < _WIDEST else None


def _is_harmless(found: list[int], sentence: _Sentence) -> bool:
    return any(_is_denied(place, found, sentence) for place in found) or any(
        _warns(place, found, sentence) for place in sentence.places.get(_WARNING, ())
    )


def _is_denied(place: int, found: list[int], sentence: _Sentence) -> bool:
    """Whether "not" stands before the word, or before "want to", "have to" and the word."""
    if sentence.has(place, _NEGATABLE):  # a man he doesn't know
        return False
    before = place - 1
    while before not in found and sentence.has(before, _MODAL):
        before -= 1
    return before not in found and sentence.has(before, _NEGATION)


def _warns(place: int, found: list[int], sentence: _Sentence) -> bool:
    """Whether the word of warning holds for what was found: not denied itself, and no "but" after it."""
    if place in found or sentence.has(place - 1, _NEGATION):
        return False
    return not any(place < contrast < found[-1] for contrast in sentence.places.get(_CONTRAST, ()))
