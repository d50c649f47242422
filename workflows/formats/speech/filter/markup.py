"""Conversion of tags in angle brackets to labels, notes in brackets and line breaks, while streaming. Pure.

`<break time="500ms"/>`, `<laughs>`, `<Ada>`, `<emphasis>`: nothing in angle brackets is spoken. "1 < 2" stays.
"""

import html
import re
import tomllib
from functools import cache
from pathlib import Path

from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.stage import is_manner
from workflows.formats.speech.tags import vocabulary
from workflows.text.layout.raised import raise_digits

_FILE = Path(__file__).parent / "elements.toml"
_LONGEST = 300
_LONGEST_COMMENT = 2000
_TAG = re.compile(r"<(/?)\s?([^\W\d_][\w:.\-]{0,60}+)([^<>\n]{0,300})>")
_PIPED = re.compile(r"<([|#])([^<>\n|#]{1,80})\1>")
_OTHER = re.compile(r"<(?:[!?][^<>\n]{0,300}|(?:mailto:)?[^\s<>:@]{1,99}(?:://|@)[^\s<>]{1,300})>")
_ENDS = re.compile(r"[<>\n]")
_BEGINS = re.compile(r"[^\W\d_]|[/!?|#]")
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]{1,60})\s{0,3}=\s{0,3}[\"']([^\"'<>]*)[\"']")
_DURATION = re.compile(r"\+?(\d{0,6}(?:\.\d{1,6})?)\s?(ms|s)")
_EMPTY = frozenset({"audio", "img", "mark"})
_SILENT = frozenset({"script", "style"})
_SHORTEST_PAUSE, _LONG_PAUSE = 400, 1000  # milliseconds
_STRENGTHS = {"none": None, "x-weak": "short pause", "weak": "short pause", "medium": "pause"}
_RATES = {"slow", "x-slow"}

_EXPONENT = re.compile(r"[+\-−\d]*")

_SPEAKER_KEYS = ("speaker", "name", "character", "role", "who", "voice")
_POWER = re.compile(r"(?:\d|(?<![^\W\d_])(?:[cdkm]?m|ft|in|[nrxy]))$")


class SpeechMarkup:
    """Converter of streamed text to text without tags. Feed, then `close`."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._held = ""
        self._before = ""  # the last characters that were given out
        self._in_note = False
        self._in_power = False

    def feed(self, chunk: str) -> str:
        """The text that is certain after `chunk`."""
        return self._take(self._held + chunk, is_last=False)

    def close(self) -> str:
        """The rest of the text."""
        return self._take(self._held, is_last=True)

    def _take(self, text: str, *, is_last: bool) -> str:
        given: list[str] = []
        place = 0
        self._held = ""
        while (start := text.find("<", place)) >= 0:
            self._give(text[place:start], given)
            end = _tag_end(text, start, is_last=is_last)
            if end is None:
                self._held = text[start:]
                return "".join(given)
            self._give(self._read(text[start:end]) if end > start + 1 else "<", given)
            place = end
        self._give(text[place:], given)
        return "".join(given)

    def _give(self, text: str, given: list[str]) -> None:
        text = self._raise_power(text) if self._in_power and text else text
        given.append(text)
        self._before = (self._before + text[-4:])[-4:]

    def _read(self, tag: str) -> str:
        """The replacement of a whole tag."""
        if _OTHER.fullmatch(tag) or tag.startswith("<!--"):
            return (
                "[]" if tag[1] in "!?" else tag[1:-1]
            )  # whether an address is said is told where words are cleaned
        if (piped := _PIPED.fullmatch(tag)) is not None:
            return f"[{piped[2].strip()}]"  # a control mark of a voice: <|laughs|>, <#0.5#>
        found = _TAG.fullmatch(tag)
        if found is None:
            return tag
        name, rest = found[2], found[3]
        if name.lower() in _SILENT:
            return tag  # taken out with what is in them, where all text is cleaned
        attributes = {key.lower(): html.unescape(value) for key, value in _ATTRIBUTE.findall(rest)}
        if (speaker := self._find_speaker(name, rest, attributes)) is not None:
            return "\n" if found[1] else f"\n[{speaker}]"
        if name.lower() in _elements()["blocks"]:
            return "\n"
        if name.lower() == "break":
            return _read_break(attributes)
        return self._read_other(tag, name.lower(), rest, attributes)

    def _find_speaker(self, name: str, rest: str, attributes: dict[str, str]) -> str | None:
        if attributes:
            named = (self._cast.find(attributes[key]) for key in _SPEAKER_KEYS if key in attributes)
            return next((speaker for speaker in named if speaker is not None), None)
        if name == "v":  # WebVTT
            return self._cast.find(rest)
        is_element = name.lower() in _elements()["blocks"] or name.lower() in _elements()["inline"]
        return None if is_element and name.islower() else self._cast.find(f"{name}{rest}".rstrip(" /"))

    def _read_other(self, tag: str, name: str, rest: str, attributes: dict[str, str]) -> str:
        is_closing = tag.startswith("</")
        if name == "sup":
            return self._read_sup(is_closing=is_closing)
        style = attributes.get("style") or attributes.get("name") or ""
        if style and (manner := vocabulary().find(style)) is not None:
            return f"[{manner}]"
        if attributes.get("rate") in _RATES:
            return "[slow]"
        if name in _elements()["inline"] or ":" in name or "=" in rest or is_closing:
            return "[]" if rest.endswith("/") or name in _EMPTY else ""
        words = tag.strip("<>/ ")
        is_note = (
            rest.endswith("/") or is_manner(words) or (not self._before[-1:].isalnum() and not rest.strip())
        )
        return f"[{words}]" if is_note else tag  # "List<String>"

    def _read_sup(self, *, is_closing: bool) -> str:
        """The text of a superscript: the number of a note is dropped, a power stays raised."""
        self._in_power = False
        if not is_closing and _POWER.search(self._before) is None:
            self._in_note = True
            return "["
        self._in_note, was_note = False, self._in_note
        self._in_power = not is_closing
        return "]" if was_note else ""

    def _raise_power(self, text: str) -> str:
        """The text with the digits of a power raised: 10<sup>6</sup> is 10⁶, never 106."""
        number = _EXPONENT.match(text)
        end = number.end() if number is not None else 0
        self._in_power = end == len(text)
        return raise_digits(text[:end]) + text[end:]


def _tag_end(text: str, start: int, *, is_last: bool) -> int | None:
    """The position after the tag's `>`, or after the `<` where it is none; None where more text is needed."""
    if start + 1 == len(text):
        return start + 1 if is_last else None
    if not _BEGINS.match(text, start + 1):
        return start + 1
    if text.startswith("<!--", start):
        end = text.find("-->", start, start + _LONGEST_COMMENT)
        if end >= 0:
            return end + 3
        return None if not is_last and len(text) - start < _LONGEST_COMMENT else start + 1
    if not is_last and "<!--".startswith(text[start:]):
        return None
    end_sign = _ENDS.search(text, start + 1, start + _LONGEST)
    if end_sign is not None:
        return end_sign.end() if end_sign.group() == ">" else start + 1
    return None if not is_last and len(text) - start < _LONGEST else start + 1


def _read_break(attributes: dict[str, str]) -> str:
    found = _DURATION.fullmatch(attributes.get("time", ""))
    if found is not None and found[1] not in ("", "."):
        milliseconds = float(found[1]) * (1000 if found[2] == "s" else 1)
        if milliseconds >= _LONG_PAUSE:
            return "[long pause]"
        return "[pause]" if milliseconds >= _SHORTEST_PAUSE else "[short pause]"
    strength = attributes.get("strength", "medium")
    tag = _STRENGTHS.get(strength, "long pause")
    return f"[{tag}]" if tag else "[]"


@cache
def _elements() -> dict[str, list[str]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
