"""Cleaning of script words for a voice: no marks, notes, citations, addresses; meaningful signs stay. Pure."""

import html
import re

from workflows.formats.speech.signs import EMOJI, TIMES
from workflows.formats.speech.stage import is_manner, is_stage_direction
from workflows.formats.speech.tags import vocabulary
from workflows.formats.speech.wording.citations import (
    REMOVED,
    GivenAddresses,
    is_citation,
    take_out_addresses,
    take_out_citations,
)
from workflows.formats.speech.wording.spoken import spell_out

# Most words of most scripts: nothing in them can be a mark or an address.
_PLAIN = re.compile(r"[\w\s.,;:!?'’‘\"“”„«»…—–\-%$€£¿¡，。！？、；：]*")
_MAY_BE_MORE = re.compile(r"_|www\.|doi\W|arxiv:|[¹²³⁰⁴-⁹†‡]|(?<!\d)10\.\d{4}|^\W*[-–—]\s", re.IGNORECASE)
_UNSPEAKABLE = re.compile("[\0-\x08\x0b-\x1f\x7f\u200b\u2060\ufeff\ufffc]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE = re.compile(r"`{1,2}([^`\n]{1,300})`{1,2}")
_SINGLE = re.compile(r"(?<![*_~|])[*_~|](?![*_~|])")
_LITERAL = {ord(sign): chr(0xF000 + ord(sign)) for sign in "*_~|"}
_PLAIN_AGAIN = {ord(stand_in): chr(sign) for sign, stand_in in _LITERAL.items()}
_AT_START = re.compile(r"(?:#{1,6}\s+|>\s*|[-•*+–—]\s+)+")
_BRACKETED = re.compile(r"\[([^\[\]\n]*)\]|\{([^{}\n]{1,80})\}")
_ASIDE = re.compile(r"\(([^()\n]*)\)|（([^（）\n]*)）")
_STARRED = re.compile(r"(?<![\w*])(\*{1,3})([^*\n]{1,80})\1(?![\w*])|(?<!\w)(_{1,3})([^_\n]{1,80})\3(?!\w)")
_DRESSED = re.compile(r"(?<![\w~:])(~|[♪♫♩♬]{1,3})[ ]?([^~♪♫♩♬\n]{1,60}?)[ ]?\1(?![\w~:])")
_DUNDER = re.compile(r"(?<!\w)__[a-z][a-z\d]{0,40}(?:_[a-z\d]{1,40}){0,3}__(?=\.\w|\()")
_RUN = re.compile(r"\*+|_+")
_HIGHLIGHT = re.compile(r"(?<!\S)==(\S[^=\n]{0,200})==(?!\w)")
_CELL = re.compile(r"[ ]?\|+[ ]?")
_EMOJI = re.compile(f"(?:{EMOJI})++|[\ufe0f\u20e3]++")
_KEYCAP = re.compile("(?<=[0-9#*])\ufe0f?\u20e3")
_EMPTY = re.compile(rf"[(（\"“]\s*{REMOVED}[\s{REMOVED}]*[)）\"”]")
_REMOVED_RUN = re.compile(rf"(?<![\s{REMOVED}])[\s{REMOVED}]*{REMOVED}[\s{REMOVED}]*")
_STOPS = frozenset(",.;:!?…)]»”，。！？")
_LEAD = re.compile(rf"(?:[\s*_{REMOVED}]|\x02[^\x02\x03]*\x03|\([^()\n]*\)|（[^（）\n]*）)*")
_AGAIN = re.compile(r"(\[[^\[\]\n]{1,80}\])(?:\s*\1)+")
_TAGGED = re.compile(r"(\[[^\[\]\n]{1,80}\])")
_BRACKET = re.compile(r"[\[\]【】]")
_SPACE = re.compile(r"\s+")
_TIME = re.compile(TIMES)
_MOST_MANNER_WORDS = 6
_OPERANDS = frozenset("(-−√$€£")
_FEWEST_BESIDE = 3
"""Words that stand in brackets beside an address, or the brackets are about it: "(see …)"."""
_TAG_BEFORE_STOP = re.compile(r"\] (?=[,.;:!?])")


class WordCleaner:
    """Cleaner of words. `keeps_tags`: keep the vocabulary's tags; `spells_out`: spell out abbreviations; `given`: the
    addresses that are said."""

    def __init__(self, *, keeps_tags: bool, spells_out: bool, given: GivenAddresses | None = None) -> None:
        self._given = given or GivenAddresses()
        self._keeps_tags = keeps_tags
        self._spells_out = spells_out

    def clean(self, text: str, *, is_start: bool) -> str:
        """`text`, some words of a turn, cleaned for speech. `is_start`: they begin the turn.

        There words in round brackets are a manner rather than an aside.
        """
        text = _SPACE.sub(" ", _UNSPEAKABLE.sub("", text)).strip()
        if _PLAIN.fullmatch(text) and not _MAY_BE_MORE.search(text) and not self._spells_out:
            return text
        return self._clean_marks(_PRIVATE.sub("", take_out_citations(text, self._given)), is_start=is_start)

    def _clean_marks(self, text: str, *, is_start: bool) -> str:
        if "&" in text:
            text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
        text = _protect(take_out_addresses(text, self._given))
        if is_start and (mark := _AT_START.match(text)) is not None:
            text = text[mark.end() :]
        for _ in range(3):  # brackets in brackets
            if "[" not in text and "{" not in text:
                break
            text = _BRACKETED.sub(self._read_brackets, text)
        text = _DRESSED.sub(_read_dressed, _STARRED.sub(self._read_starred, text))
        lead = _LEAD.match(text)
        start = lead.end() if is_start and lead is not None else 0
        text = _ASIDE.sub(lambda found: self._read_aside(found, is_first=found.start() < start), text)
        text = _drop_marks(text, is_start=is_start)
        text = _CELL.sub(", ", text.strip(" |")) if "|" in text else text
        return self._finish(_EMOJI.sub(REMOVED, _KEYCAP.sub("", text)))

    def _finish(self, text: str) -> str:
        text = _EMPTY.sub(REMOVED, text)
        text = _REMOVED_RUN.sub(_close_gap, text).translate(_PLAIN_AGAIN)
        text = text.replace("\x02", "[").replace("\x03", "]")
        known = vocabulary().tags if self._keeps_tags else []
        parts = (part if part[1:-1] in known else self._spell(part) for part in _TAGGED.split(text))
        text = _AGAIN.sub(r"\1", _SPACE.sub(" ", "".join(parts))).strip()
        return _TAG_BEFORE_STOP.sub("]", text) if "]" in text else text

    def _spell(self, part: str) -> str:
        part = _BRACKET.sub("", part)
        return spell_out(part) if self._spells_out else part

    def _tag(self, said: str, *, only_pauses: bool = False) -> str | None:
        tag = vocabulary().find(said)
        if tag is None or not self._keeps_tags or (only_pauses and tag not in vocabulary().pauses):
            return None
        return f" \x02{tag}\x03 "

    def _read_brackets(self, found: re.Match[str]) -> str:
        """The replacement of a bracketed text: a tag, or nothing. In curly brackets, only notes are removed."""
        said = found[1] if found[1] is not None else found[2]
        tag = self._tag(said)
        if tag is not None:
            return tag
        return REMOVED if found[1] is not None or is_manner(said) else found.group()

    def _read_starred(self, found: re.Match[str]) -> str:
        said = found[2] or found[4]
        if (tag := self._tag(said, only_pauses=True)) is not None:
            return tag
        is_note = is_stage_direction(said) or (
            not self._keeps_tags and vocabulary().find(said) in vocabulary().pauses
        )
        return REMOVED if is_note else found.group()

    def _read_aside(self, found: re.Match[str], *, is_first: bool) -> str:
        said = (found[1] if found[1] is not None else found[2]).strip(" *_")
        if REMOVED in said and len(said.replace(REMOVED, " ").split()) < _FEWEST_BESIDE:
            return REMOVED
        known = vocabulary().find(said)
        if known is not None and (is_first or known in vocabulary().pauses or said.endswith("ly")):
            return self._tag(said) or REMOVED
        if is_first and _TIME.fullmatch(said):
            return REMOVED
        if is_stage_direction(said) or is_citation(said) or (is_first and _may_be_manner(said)):
            return REMOVED
        return found.group()


def _read_dressed(found: re.Match[str]) -> str:
    """Nothing in place of a note in other signs: "~laughs~", "♪ theme music ♪"."""
    said = found[2]
    return REMOVED if is_stage_direction(said) or is_manner(said) else found.group()


def _close_gap(run: re.Match[str]) -> str:
    """The space in place of removed text: none before the end of a sentence."""
    following = run.string[run.end() : run.end() + 1]
    return "" if not following or following in _STOPS else " "


def strip_quotes(text: str) -> str:
    """A turn without the quotation marks around the whole of it."""
    text = text[:-1] if text[:1] == '"' and text.endswith('",') else text  # a line of JSON
    opening, closing = text[:1], text[-1:]
    if len(text) < 3 or QUOTES.get(opening) is None or closing not in QUOTES[opening]:
        return text
    inside = text[1:-1]
    return text if closing in inside or opening in inside else inside


QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»", "「": "」", "『": "』"}
"""What opens a quotation, and what closes it."""


def _protect(text: str) -> str:
    """The text with placeholders for signs that are no marks (escaped, or in code)."""
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: found[1].translate(_LITERAL), text)
    if "__" in text:  # a name in a program: `__init__.py`
        text = _DUNDER.sub(_stand_in_all, text)
    if "`" in text:
        text = _CODE.sub(lambda found: _SINGLE.sub(_stand_in, found[1]), text).replace("`", "")
    return text


def _stand_in(sign: re.Match[str]) -> str:
    return sign.group().translate(_LITERAL)


def _stand_in_all(found: re.Match[str]) -> str:
    return found.group().translate(_LITERAL)


def _may_be_manner(said: str) -> bool:
    """Whether words in brackets at the start of a turn may be a manner of speaking: in small letters."""
    words = said.split()
    is_short = 0 < len(words) <= _MOST_MANNER_WORDS and said[-1] not in ".!?。！？"
    return is_short and (said[0].islower() or not said[0].isascii()) and not said[0].isupper()


def _drop_marks(text: str, *, is_start: bool) -> str:
    """`text` without the marks of emphasis; meaningful asterisks and underscores stay: "5 * 3", "file_name"."""
    text = text.replace("~~", "")
    if "==" in text:
        text = _HIGHLIGHT.sub(r"\1", text)
    if "*" not in text and "_" not in text:
        return text
    runs = text.count("*")
    return _RUN.sub(lambda run: run.group() if _is_sign(run, runs, is_start=is_start) else "", text)


def _is_sign(run: re.Match[str], stars: int, *, is_start: bool) -> bool:
    text, start, end = run.string, run.start(), run.end()
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    if run.group()[0] == "_":
        return before.isalnum() and after.isalnum()
    if end - start > 1:  # a power: "2**8", "2 ** 8"
        is_alone = not before.strip() and not after.strip() and not (is_start and start < 2)
        sides = text[end + 1 : end + 2] if is_alone else before + after
        return end - start == 2 and len(sides) == (1 if is_alone else 2) and sides.isdecimal()
    if not before.strip() and not after.strip():  # stands alone
        following = text[end + 1 : end + 2]  # blanks are single
        return (following.isalnum() or following in _OPERANDS) and not (is_start and start < 2)
    is_joined = (before.isalnum() or before in ")]") and (after.isalnum() or after in "([")
    if before and after and is_joined:
        return before.isdigit() or after.isdigit() or stars == end - start
    is_grade = before.isupper() and not text[start - 2 : start - 1].isalnum()
    return stars == 1 and is_grade  # "A*"
