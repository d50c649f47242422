"""A stream of text → its whole sentences: pure."""

import re
from collections.abc import Iterator
from itertools import pairwise

# A sentence ends at its mark and closing quotes, unless it goes on in lower case (`"Oh!" she said.`).
_MARK = r"(?<![.!?…])(?<!\bMr)(?<!\bMrs)(?<!\bDr)[.!?…]++[\"”’')]*+"
_END_WITHIN = re.compile(_MARK + r"(?=\s+[^\sa-z])")
_END_AT_LAST = re.compile(_MARK + r"(?=\s+[^\sa-z]|\s*$)")
_NOT_A_WORD = re.compile(r"[^\w']+")
_MARKUP = re.compile(r"<\|[^|<>\n]{0,64}\|>|[^\S ]|[\x00-\x1f\x7f]")
# Where the model speaks of its text instead of telling it.
_ASIDE = re.compile(
    r"\b(?:this (?:story|page|book|sentence)|the (?:story|reader)|story about|on the page)\b", re.IGNORECASE
)

_STAMMER = re.compile(r"\b(\w+)(?:\W+\1\b){2}", re.IGNORECASE)


class SentenceBuffer:
    """Takes one paragraph's tokens and gives out its whole sentences.

    `told` is the text so far, whose sentences aren't said again; `starter` are the words that the
    paragraph begins with; `gap` is the white space before its first sentence. A sentence in mid-quote isn't whole.
    """

    def __init__(self, told: str, starter: str, gap: str) -> None:
        self._said = {_essence(sentence) for sentence in _END_AT_LAST.sub("\0", told).split("\0")}
        self._held = starter
        self._gap = gap

    def feed(self, text: str) -> Iterator[str]:
        """The sentences that `text` completed, each with the white space before it."""
        self._held += text
        yield from self._release(_END_WITHIN)

    def finish(self) -> Iterator[str]:
        """The last sentence if it is whole; words without an end are dropped."""
        yield from self._release(_END_AT_LAST)
        self._held = ""

    def _release(self, end: re.Pattern[str]) -> Iterator[str]:
        while (cut := _first_end(self._held, end)) is not None:
            sentence, self._held = self._held[:cut], self._held[cut:]
            sentence = " ".join(_MARKUP.sub(" ", sentence).split())
            if self._take(sentence):
                yield self._gap + sentence
                self._gap = " "

    def _take(self, sentence: str) -> bool:
        essence = _essence(sentence)
        if not essence or essence in self._said or not _is_sound(sentence):
            return False
        self._said.add(essence)
        return True


def _first_end(text: str, end: re.Pattern[str]) -> int | None:
    quotes = counted = 0
    for match in end.finditer(text):
        quotes += text.count('"', counted, match.end())
        counted = match.end()
        if quotes % 2 == 0:
            return counted
    return None


def _is_sound(sentence: str) -> bool:
    """Whether it tells something, doesn't stammer, and opens and closes its quotes in the right places."""
    if _ASIDE.search(sentence) or _STAMMER.search(sentence):
        return False
    pieces = sentence.split('"')
    for number, (left, right) in enumerate(pairwise(pieces)):
        opens = number % 2 == 0
        if opens and (left[-1:].isalnum() or right[:1].isspace()):
            return False
        if not opens and (left[-1:].isspace() or right[:1].isalnum()):
            return False
    return True


def _essence(sentence: str) -> str:
    return _NOT_A_WORD.sub(" ", sentence).strip().lower()
