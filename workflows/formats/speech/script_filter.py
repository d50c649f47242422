"""A model's script made ready for a voice while it streams. Pure.

What leaves is one turn a line, `LABEL: text`, a blank line between turns: no Markdown, no stage chatter, no
unknown tags, nothing that a voice stumbles on. It doesn't depend on how the text was cut into chunks: words
are given out sentence by sentence, and where a sentence ends is told by the text alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.formats.speech.cleaning import (
    clean_words,
    is_chatter,
    is_preamble,
    is_rule,
    strip_line_marks,
)
from workflows.formats.speech.tags import TAG, vocabulary
from workflows.text.markup import MarkupFilter
from workflows.text.sentences import find_sentence_end

_OPENING = re.compile(r"[\[(]")
_LONGEST_BRACKET = 200
_CLOSING = {"[": "]", "(": ")"}
_LABEL = re.compile(
    r"^(?:[*_]{0,3})([^\W\d_][^\W_.'’]*\.?(?: [^\W_.'’]+\.?){0,3})(?:[*_]{0,3})\s?"
    r"(?:[(\[]([^)\]\n]{1,60})[)\]])?\s?(?:[*_]{0,3})[:：](?:[*_]{0,3})(?=\s|$|[\[(\"“])\s*"
)
_LONGEST_LABEL = 40
# Words in capitals before a colon that belong to what is said.
_CAUTIONS = frozenset({"attention", "caution", "danger", "important", "note", "remember", "tip", "warning"})


@dataclass(frozen=True, slots=True)
class Cast:
    """Who speaks: labels in the order of the script's roles, and what else a model may call them."""

    labels: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        """The label that is meant; None where it is nobody's."""
        words = name.replace(".", " ").split()
        plain = " ".join(words).casefold()
        for label in self.labels:
            if plain == label.casefold():
                return label
        if plain in self.called:
            return self.called[plain]
        # "Dr. Levi", but not "Patient advice".
        return self.called.get(words[0].casefold()) if len(words) == 2 and words[1].istitle() else None


class ScriptFilter:
    """Text in, clean turns out. Feed chunks, then `close`."""

    def __init__(self, cast: Cast, language: str = "en", speaker: str | None = None) -> None:
        """`speaker` is who goes on when the text begins without a label; else the first of the cast."""
        self._cast = cast
        self._language = language
        self._markup = MarkupFilter()  # first: markup around a label would hide it
        self._held = ""
        self._seen = 0  # characters of `_held` in which no end is left to be found
        self._speaker = speaker or cast.labels[0]
        self._is_line_start = True
        self._is_skipping = False  # to the end of this line
        self._has_label = False
        self._has_turn = False  # this line has words already
        self._has_text = False
        self._waiting: list[str] = []  # tags that stood before any word

    def feed(self, chunk: str) -> str:
        """What can be told for sure after `chunk`: whole sentences."""
        self._held += self._markup.feed(chunk.replace("\t", " "))
        given = []
        while (end := self._next_end(is_last=False)) is not None:
            given.append(self._take(end))
        return "".join(given)

    def close(self) -> str:
        """The rest."""
        self._held += self._markup.close()
        given = []
        while self._held:
            end = self._next_end(is_last=True)
            given.append(self._take(len(self._held) if end is None else end))
        return "".join(given)

    def _take(self, end: int) -> str:
        unit, self._held, self._seen = self._held[:end], self._held[end:], 0
        return self._say(unit)

    def _next_end(self, *, is_last: bool) -> int | None:
        """Where the next sentence or line ends, its white space included; None when that can't be told yet."""
        place = self._seen
        while True:
            end = find_sentence_end(self._held, place, self._language)
            found = _OPENING.search(self._held, place, len(self._held) if end is None else end)
            if found is None:
                return end if end is None or self._held[end - 1] == "\n" else end + self._held[end].isspace()
            start = found.start()
            inside = self._held[start + 1 : start + 1 + _LONGEST_BRACKET]
            stop = re.search(rf"[{re.escape(_CLOSING[found.group()])}\n]", inside)
            if stop is None and len(inside) < _LONGEST_BRACKET and not is_last:
                self._seen = start
                return None
            is_closed = stop is not None and stop.group() != "\n"
            place = start + 1 + stop.end() if stop is not None and is_closed else start + 1

    def _say(self, unit: str) -> str:
        """One sentence, or the rest of a line."""
        ends_line = unit.endswith("\n")
        text = unit.strip()
        given = ""
        if text and not self._is_skipping:
            given = self._begin_line(text, ends_line) if self._is_line_start else self._go_on(text)
        if text:
            self._is_line_start = False
        if ends_line:
            self._is_line_start, self._is_skipping, self._has_turn = True, False, False
        return given

    def _begin_line(self, text: str, ends_line: bool) -> str:
        if is_rule(text):
            return ""
        text, is_heading = strip_line_marks(text)
        speaker, manner, words = self._read_label(text)
        if speaker is None and (is_heading or self._is_noise(text, ends_line)):
            self._is_skipping = not is_preamble(text)
            return ""
        if speaker is not None:
            self._speaker, self._has_label = speaker, True
        if manner is not None and (tag := vocabulary().find(manner)) is not None:
            words = f"[{tag}] {words}"
        return self._go_on(words, is_start=True)

    def _is_noise(self, text: str, ends_line: bool) -> bool:
        is_bold_line = (
            ends_line and len(text) < 120 and re.fullmatch(r"(\*\*|__)[^*_]+\1:?", text) is not None
        )
        return is_bold_line or is_chatter(text) or (not self._has_label and is_preamble(text))

    def _go_on(self, words: str, *, is_start: bool = False) -> str:
        if not is_start and not self._has_turn and not self._has_label and is_preamble(words):
            return ""
        text = clean_words(words, self._language, is_start=not self._has_turn)
        if not TAG.sub("", text).strip(" .,;:!?…-–—\"'“”’*"):
            self._waiting += TAG.findall(text) if not self._has_turn else []
            return self._append_tags(text)
        if self._waiting:
            first = TAG.match(text)
            waiting = dict.fromkeys(tag for tag in self._waiting if first is None or first[1] != tag)
            text = " ".join([*(f"[{tag}]" for tag in waiting), text])
            self._waiting = []
        if self._has_turn:
            return f" {text}"
        before = "\n\n" if self._has_text else ""
        self._has_turn = self._has_text = True
        return f"{before}{self._speaker}: {text}"

    def _append_tags(self, text: str) -> str:
        """Tags alone in the middle of a turn, such as a pause, stay where they are."""
        return "".join(f" [{tag}]" for tag in TAG.findall(text)) if self._has_turn else ""

    def _read_label(self, text: str) -> tuple[str | None, str | None, str]:
        """Speaker, manner, words. A label in capitals that is nobody's is taken away."""
        match = _LABEL.match(text)
        if match is None or len(match[1]) > _LONGEST_LABEL:
            return None, None, text
        speaker = self._cast.find(match[1])
        if speaker is not None:
            return speaker, match[2], text[match.end() :]
        is_name = match[1].isupper() and match[1].casefold() not in _CAUTIONS and not is_chatter(text)
        if is_name and len(match[1].split()) < 4:
            return None, match[2], text[match.end() :]
        return None, None, text


def filter_script(text: str, cast: Cast, language: str = "en") -> str:
    """The whole of `text`, as a stream of it would be."""
    one = ScriptFilter(cast, language)
    return one.feed(text) + one.close()
