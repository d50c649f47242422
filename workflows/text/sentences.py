"""Sentence boundaries of a text: whole, or while it streams, with the same result. Pure, and linear in the text.

A sentence ends at a line break, at `。！？`, and at other marks before white space; closing quotes, brackets,
emphasis and references such as `[1]` belong to it. It goes on after the full stop of an abbreviation
(`abbreviations.py`), an initial ("J. K. Rowling") or the number of a list item, and after a quotation with `と`
(「そうだ。」と言った). It goes on over the break of a
hard-wrapped line too (`_judge_break`), never over a blank line.
"""

import re

from workflows.text.abbreviations import Abbreviations, abbreviations_of

LONGEST_SENTENCE = 1000
"""Characters after which a sentence is cut, between words where it has any."""

_LOOKAHEAD = 48  # characters after a mark in which the next word is looked for

_ALONE = "。！？｡"  # these end a sentence without white space behind them
_CLOSERS = "\"'”’“‘»«›‹)\\]}*_」』】〕）》〉"
_MARK = re.compile(rf"(?P<run>[.!?…‥؟۔।॥։።{_ALONE}]+)[{_CLOSERS}]*(?:\[\d{{1,3}}\])*|\n+")
# What leads on from a quotation in Japanese, but for words that begin a sentence with it (ところが, とても).
_QUOTED = re.compile(
    r"と(?!ころ|うとう|にかく|ても|き|つぜん|りあえず|もあれ|もかく|なり|ある|っさ)|って|などと|なんて"
)
_LONGEST_WORD_BEGUN = 5  # letters of the longest of these
_HALF_REFERENCE = re.compile(r"\[\d{0,3}\Z")
_NEXT_WORD = re.compile(r"\s+[^\w\s]*(?P<word>\w*)")
_LINE_START = re.compile(r"[ \t]{0,40}(?P<word>\w+)")
_LABEL = re.compile(r"(?:[. ]{1,2}\w{1,40}){0,2}:(?!\w)")  # the rest of a speaker's label: "Dr. Levi: Yes."


class SentenceSplitter:
    """Splitter of streamed text into whole sentences, which join to the same text whatever its chunks."""

    def __init__(self, language: str | None = None) -> None:
        self._rules = abbreviations_of(language)
        self._place = 0  # where in `rest` a mark may still be found
        self.rest = ""
        """The sentence under way."""

    def feed(self, chunk: str) -> list[str]:
        """The sentences that certainly end, including `chunk`."""
        self.rest += chunk
        return self._take(is_last=False)

    def close(self) -> list[str]:
        """The rest of the text."""
        sentences = self._take(is_last=True)
        last, self.rest = self.rest, ""
        return [*sentences, last] if last else sentences

    def is_at_line_end(self) -> bool:
        """Whether the sentence under way ends with a line break, whatever follows."""
        rest = self.rest
        line = rest.rstrip("\n")
        return len(line) < len(rest) and (
            len(rest) - len(line) > 1 or not _may_be_wrapped(rest, 0, len(line), self._rules)
        )

    def _take(self, *, is_last: bool) -> list[str]:
        sentences = []
        start = 0
        while True:
            end, self._place = _find_end(self.rest, start, self._place, self._rules, is_last=is_last)
            if end is None:
                break
            sentences.append(self.rest[start:end])
            start = end
        self.rest, self._place = self.rest[start:], self._place - start
        return sentences


def split_sentences(text: str, language: str | None = None) -> list[str]:
    """`text` cut after each sentence; joined together it is `text` again. `language` is a tag such as `en`."""
    splitter = SentenceSplitter(language)
    return splitter.feed(text) + splitter.close()


def find_sentence_end(text: str, start: int = 0, language: str | None = None) -> int | None:
    """The end of the sentence that begins at `start`, if it doesn't depend on what follows `text`."""
    return _find_end(text, start, start, abbreviations_of(language), is_last=False)[0]


def last_sentence_end(text: str, language: str | None = None) -> int:
    """The number of characters of `text` in whole sentences, as far as it doesn't depend on what follows."""
    splitter = SentenceSplitter(language)
    splitter.feed(text)
    return len(text) if splitter.is_at_line_end() else len(text) - len(splitter.rest)


def ends_sentence(text: str, language: str | None = None) -> bool:
    """Whether `text` ends with a sentence's mark, and not with an abbreviation."""
    return _last_mark(text) is not None and not ends_with_abbreviation(text, language)


def ends_with_abbreviation(text: str, language: str | None = None) -> bool:
    """Whether `text` ends with the full stop of an abbreviation, an initial or a list item's number."""
    mark = _last_mark(text)
    if mark is None or mark["run"] != ".":
        return False
    return abbreviations_of(language).kind_of(mark.string, 0, mark.start()) in ("leading", "others")


def leads_on(text: str, dot: int, language: str | None = None) -> bool:
    """Whether the full stop at `dot` is that of a title or its like ("Dr. Levi"), which never ends a sentence. Also for
    a text in small letters."""
    if text[dot] != ".":
        return False
    return abbreviations_of(language).kind_of(text, max(0, dot - _LOOKAHEAD), dot) == "leading"


def is_cut(sentence: str) -> bool:
    """Whether a sentence was cut because it was too long."""
    return len(sentence) >= LONGEST_SENTENCE // 2 and _last_mark(sentence) is None and sentence[-1] != "\n"


def _last_mark(text: str) -> re.Match[str] | None:
    tail = text.rstrip()[-2 * _LOOKAHEAD :]
    return next((mark for mark in _MARK.finditer(tail) if mark.end() == len(tail) and mark["run"]), None)


def _find_end(
    text: str, start: int, place: int, rules: Abbreviations, *, is_last: bool
) -> tuple[int | None, int]:
    """The end of the sentence that begins at `start`, and where to search for it again if there is none yet."""
    limit = start + LONGEST_SENTENCE
    known = limit + 2 * _LOOKAHEAD  # with so much text, every mark before the limit can be judged
    while (mark := _MARK.search(text, place, known)) is not None and mark.end() <= limit:
        end = _judge(text, start, mark, rules, is_last=is_last)
        if end is None:
            return None, mark.start()
        if 0 < end <= limit:
            return end, end
        place = mark.end()
    if len(text) < known and not (is_last and len(text) > limit):
        return None, place if mark is not None else len(text)
    space = text.rfind(" ", start + LONGEST_SENTENCE // 2, limit)
    end = limit if space < 0 else space
    return end, end


def _judge(text: str, start: int, mark: re.Match[str], rules: Abbreviations, *, is_last: bool) -> int | None:
    """The end of the sentence at this mark: 0 if it ends none, None if that isn't certain yet."""
    end = mark.end()
    if end == len(text) and not is_last:
        return None
    if mark["run"] is None:
        return _judge_break(text, start, mark, rules, is_last=is_last)
    if end == len(text):
        return 0
    if not is_last and _HALF_REFERENCE.match(text, end):
        return None
    if not text[end].isspace():
        return _judge_alone(text, mark, is_last=is_last)
    if mark["run"] == "." and (kind := rules.kind_of(text, start, mark.start())) is not None:
        following = _NEXT_WORD.match(text, end, end + _LOOKAHEAD)
        assert following is not None  # there is white space
        if kind != "leading" and following.end() == len(text) and not is_last:
            return None
        if rules.goes_on(kind, following["word"], text[following.end() : following.end() + 1]):
            return 0
    return _with_guillemet(text, start, end, is_last=is_last)


def _judge_alone(text: str, mark: re.Match[str], *, is_last: bool) -> int | None:
    """As `_judge`, at a mark without white space behind it: the sentence goes on where it only quotes what ends."""
    end = mark.end()
    if not any(character in _ALONE for character in mark["run"]):
        return 0
    if end == mark.end("run") or text[end] not in "とっな":
        return end
    if len(text) < end + _LONGEST_WORD_BEGUN and not is_last:
        return None
    return 0 if _QUOTED.match(text, end) else end


def _judge_break(
    text: str, start: int, mark: re.Match[str], rules: Abbreviations, *, is_last: bool
) -> int | None:
    """As `_judge`, at a line break: that of a hard-wrapped line ends nothing."""
    place, end = mark.span()
    if end - place > 1 or not _may_be_wrapped(text, start, place, rules):
        return end
    window = text[end : end + _LOOKAHEAD]
    following = _LINE_START.match(window)
    is_known = is_last or len(window) == _LOOKAHEAD or "\n" in window
    if following is None:
        return end if is_known or window.strip() else None
    word, rest = following["word"], window[following.end() :]
    kind = _kind_at_end(text, start, place, rules)
    if kind is None and word[0].islower() and rest:
        return end if rest[0] == ":" else 0
    if not rest and not is_known:
        return None
    is_title = rest[:1] == "." and rules.is_listed(word)
    goes_on = (is_title or word[0].islower()) if kind is None else rules.goes_on(kind, word, rest[:1])
    if not goes_on:
        return end  # at once: what waits for more would be checked together with the next sentence
    if not is_known:
        return None
    return end if _LABEL.match(rest) else 0


def _may_be_wrapped(text: str, start: int, place: int, rules: Abbreviations) -> bool:
    """Whether a sentence may go on after the line break at `place`: the line ends with an abbreviation, or has
    several words and no mark at its end."""
    line = text[start:place].rstrip(" ")
    is_open = line[-1:].isalnum() or line[-1:] in (",", ";", "–", "—")
    return (is_open and " " in line) or _kind_at_end(text, start, place, rules) is not None


def _kind_at_end(text: str, start: int, place: int, rules: Abbreviations) -> str | None:
    """The kind of the abbreviation that ends at `place`, if any."""
    dot = start + len(text[start:place].rstrip(" ")) - 1
    return rules.kind_of(text, start, dot) if dot > start and text[dot] == "." else None


def _with_guillemet(text: str, start: int, end: int, *, is_last: bool) -> int | None:
    """The end after the closing mark of « Viens ! », which follows a blank."""
    if text.count("«", start, end) <= text.count("»", start, end):
        return end
    if end + 1 == len(text) and not is_last:
        return None
    return end + 2 if text[end + 1 : end + 2] == "»" else end
