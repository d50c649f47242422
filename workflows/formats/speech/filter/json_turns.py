"""Conversion of JSON objects of turns to labelled lines, while streaming. Pure.

`{"speaker": "Ada", "text": "Welcome."}`, one a line, in a list, in a fence, or in an object around them, becomes
`Ada: Welcome.`. An object is held until it is whole; one that is no turn stays as it is.
"""

import json
import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.speakers.names import fold, is_person_name
from workflows.formats.speech.stage import is_manner
from workflows.text.lenient_json import QUOTES, decode_lenient, find_string_end

_LONGEST = 8000
"""Characters of an object that is waited for."""
_LONGEST_LEAD = 200
_STEP = 500
_LEAD = re.compile(r"[ \t>•*-]*")
_LIST = re.compile(r"\[\s*")
_BETWEEN = re.compile(r"[\s,\]}]*")
_NAME = r"(?:\"[^\"\n]{1,60}\"|'[^'\n]{1,60}'|“[^”\n]{1,60}”|[^\W\d]\w{0,40})"
_BEGINS = re.compile(rf"\{{\s{{0,99}}({_NAME})\s{{0,9}}:")
_MAY_BEGIN = re.compile(
    rf"\{{\s{{0,99}}(?:{_NAME}\s{{0,9}}|\"[^\"\n]{{0,60}}|'[^'\n]{{0,60}}|“[^”\n]{{0,60}}|[^\W\d]\w{{0,40}})?"
)
_PLAIN = re.compile(r"[^\"'“„‘«{}\[\]]++")
_SPEAKER_NAMES = (
    "speaker speakername name host character role who voice person actor label from דובר דוברת דמות שם מי"
)
_TEXT_NAMES = (
    "text line lines dialogue dialog speech words said says utterance content message script sentence "
    "sentences transcript טקסט תוכן דברים"
)
_MANNER_NAMES = "emotion tone manner mood delivery style direction action expression טון רגש"
_SPEAKERS = frozenset({"speaker name", *_SPEAKER_NAMES.split()})
_TEXTS = frozenset(_TEXT_NAMES.split())
_MANNERS = frozenset(_MANNER_NAMES.split())
_MOST_NAME_WORDS = 3


class _State(Enum):
    TEXT = auto()
    LINE = auto()  # nothing of the line was said yet
    OBJECT = auto()
    LIST = auto()  # between two objects


class JsonTurns:
    """Converter of streamed text. Feed, then `close`."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._held = ""
        self._state = _State.LINE
        self._is_listed = False  # whether the object stands in a list of turns
        self._start = self._scan = self._depth = 0  # of the object, and of what was looked at in it

    def feed(self, chunk: str) -> str:
        """The text that is certain after `chunk`."""
        if self._state is _State.TEXT and not self._held and "\n" not in chunk:
            return chunk  # nearly every piece of nearly every reply
        given: list[str] = []
        for start in range(0, len(chunk), _STEP):  # what is held stays short, and so does each look at it
            self._held += chunk[start : start + _STEP]
            given += self._take(is_last=False)
        return "".join(given)

    def close(self) -> str:
        """The rest of the text."""
        rest = "".join(self._take(is_last=True))
        return rest + self._give(len(self._held))

    def _take(self, *, is_last: bool) -> list[str]:
        given: list[str] = []
        steps = {
            _State.TEXT: self._pass_text,
            _State.LINE: self._begin_line,
            _State.OBJECT: self._read_object,
            _State.LIST: self._pass_between,
        }
        while self._held and (text := steps[self._state](is_last)) is not None:
            given.append(text)
        return given

    def _give(self, end: int) -> str:
        text, self._held = self._held[:end], self._held[end:]
        return text

    # One step of each state: the text that it gives out, or None where more is needed.

    def _pass_text(self, is_last: bool) -> str | None:
        del is_last
        end = self._held.find("\n") + 1
        if not end:
            return self._give(len(self._held))
        self._state = _State.LINE
        return self._give(end)

    def _begin_line(self, is_last: bool) -> str | None:
        lead = _LEAD.match(self._held)
        start = lead.end() if lead is not None else 0
        listed = _LIST.match(self._held, start, start + _LONGEST_LEAD)
        begins = listed.end() if listed is not None else start
        if begins == len(self._held) and not is_last and begins < _LONGEST_LEAD:
            return None if listed is not None or not start else self._give(start)
        if self._held[begins : begins + 1] == "\n" or self._held[begins : begins + 1] != "{":
            self._state = _State.TEXT
        else:
            return self._begin_object(begins, is_last=is_last, is_listed=False)
        return ""

    def _begin_object(self, start: int, *, is_last: bool, is_listed: bool) -> str | None:
        found = _BEGINS.match(self._held, start)
        if found is None:
            if (
                not is_last
                and _MAY_BEGIN.fullmatch(self._held, start)
                and len(self._held) - start < _LONGEST_LEAD
            ):
                return None
            self._state = _State.TEXT
        elif not is_listed and self._cast.is_named(
            found[1].strip("\"'“”")
        ):  # its lines are labels as they are
            self._state = _State.TEXT
        else:
            self._state, self._is_listed = _State.OBJECT, is_listed
            self._start, self._scan, self._depth = start, start, 0
        return ""

    def _read_object(self, is_last: bool) -> str | None:
        text = self._held
        while self._scan < len(text):
            sign = text[self._scan]
            if sign in QUOTES:
                end = find_string_end(text, self._scan)
                if end is None or (end == len(text) and not is_last):
                    break
                self._scan = end
            elif sign == "[" and self._depth == 1 and (listed := _LIST.match(text, self._scan)) is not None:
                if listed.end() == len(text) and not is_last:
                    break
                if text[listed.end() : listed.end() + 1] == "{":
                    return self._open_list()
                self._scan = listed.end()
            elif sign in "{}":
                self._depth += 1 if sign == "{" else -1
                self._scan += 1
                if not self._depth:
                    return self._end_object()
            else:
                plain = _PLAIN.match(text, self._scan)
                self._scan = plain.end() if plain is not None else self._scan + 1
        if is_last or len(text) - self._start > _LONGEST:
            self._state = _State.TEXT
            return self._give(self._scan if self._scan > self._start else self._start + 1)
        return None

    def _open_list(self) -> str:
        """Leaves out what stands around a list of turns: `{"title": "…", "dialogue": [`."""
        self._give(self._scan + 1)
        self._state = _State.LIST
        return "\n"

    def _end_object(self) -> str:
        end, turn = self._scan, self._read_turn(self._held[self._start : self._scan])
        if turn is None and not self._is_listed:
            self._state = _State.TEXT
            return self._give(end)
        self._give(end)
        self._state = _State.LIST
        return turn or ""

    def _pass_between(self, is_last: bool) -> str | None:
        between = _BETWEEN.match(self._held)
        self._give(between.end() if between is not None else 0)
        if self._held[:1] == "{":
            return self._begin_object(0, is_last=is_last, is_listed=True)
        if self._held:
            self._state = _State.LINE
        return ""

    def _read_turn(self, text: str) -> str | None:
        """The labelled lines of an object; None where it is no turn."""
        members = _decode(text)
        if members is None:
            return None
        known = {" ".join(fold(name).split()): value for name, value in members.items()}
        name = next((_name_of(value) for key, value in known.items() if key in _SPEAKERS), "")
        said = next((_words_of(value) for key, value in known.items() if key in _TEXTS), "")
        if name and said:
            manner = next((_name_of(value) for key, value in known.items() if key in _MANNERS), "")
            return self._label(name, manner) + said + "\n"
        turns = [(key, _words_of(value)) for key, value in members.items()]
        if all(words and (self._cast.find(key) or is_person_name(key)) for key, words in turns):
            return "".join(f"{self._label(key, '')}{words}\n" for key, words in turns)
        return None

    def _label(self, name: str, manner: str) -> str:
        beside = f" ({manner})" if manner and is_manner(manner) else ""
        if self._cast.find(name) is not None or is_person_name(name):
            return f"\n{name}{beside}: "
        return f"\n[{' '.join(name.title().split()[:_MOST_NAME_WORDS])}]: "


def _decode(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text, strict=False, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        try:
            value, _ = decode_lenient(text, 0)
        except ValueError:
            return None
    return value if isinstance(value, dict) and value else None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name comes twice")
    return members


def _name_of(value: Any) -> str:
    """A name as it may stand in a label."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("name", "label", "id") if key in value), "")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"Speaker {value}"
    return " ".join(re.sub(r"[:：\[\](){}*\"“”]", " ", value[:80]).split()) if isinstance(value, str) else ""


def _words_of(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(filter(None, map(_words_of, value)))
    return " ".join(value.split()) if isinstance(value, str) else ""
