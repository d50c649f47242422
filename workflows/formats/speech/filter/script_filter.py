"""Filter that turns a model's streamed script into clean turns for a voice. Pure.

What leaves is one turn a line, `LABEL: text`, a blank line between turns: no Markdown, no stage directions, no
unknown tags, no addresses, nothing that a voice stumbles on. It doesn't depend on how the text was cut into
chunks: where words, sentences and labels end is told by the text alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from workflows.formats.speech.filter.json_turns import JsonTurns
from workflows.formats.speech.filter.lines import LineFilter, LineKind
from workflows.formats.speech.filter.markup import SpeechMarkup
from workflows.formats.speech.filter.noise import strip_line_marks
from workflows.formats.speech.filter.turn_writer import ScriptStyle, TurnWriter
from workflows.formats.speech.filter.units import (
    LONGEST_OPEN,
    LONGEST_UNIT,
    find_word_end,
    has_open_mark,
    is_interrupted,
    is_sign,
    strip_parting,
    unwrap,
)
from workflows.formats.speech.filter.whitespace import WhitespaceNormaliser
from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.speakers.labels import (
    LONGEST_LABEL,
    LabelPlace,
    LabelReader,
    LabelSearch,
    SpeakerLabel,
)
from workflows.formats.speech.wording.citations import LEADS
from workflows.formats.speech.wording.cleaning import QUOTES
from workflows.text.sentences import SentenceSplitter, ends_sentence

_DEFAULT = ScriptStyle(keeps_tags=True, spells_out=True, alternates=False)
# Characters at which the end of a label is certain.
_POINT = re.compile(r"[^\S\n]|[\u2e80-\uffdc]")
_LONGEST_WORD = 40  # of which an abbreviation is told from the end of a sentence
_DECORATION = frozenset("*_`[【\\")


@dataclass(slots=True)
class _LineState:
    """State of the line being read, or of the turn that began in the middle of it."""

    is_unlabelled: bool = False  # and what it begins with hasn't been judged
    is_skipped: bool = False  # to its end
    is_first: bool = True  # no words of the turn were given out
    follows: LabelPlace = LabelPlace.WORD  # the label that the last word allows to follow
    awaited: LabelPlace | None = None  # the label that is looked for before the next word
    wrapped: str = ""  # closes at its end what was opened before the label
    words: str = ""  # the last two, which tell an abbreviation from the end of a sentence
    sentences: SentenceSplitter = field(default_factory=SentenceSplitter)


class ScriptFilter:
    """Filter from streamed text to clean turns. Feed chunks, then `close`."""

    def __init__(
        self,
        cast: Cast,
        language: str = "en",
        speaker: str | None = None,
        *,
        style: ScriptStyle = _DEFAULT,
        titles: Sequence[str] = (),
    ) -> None:
        """`speaker`: who speaks where the text begins without a label. `titles` above a script are no speech."""
        cast = self._cast = cast.copy()
        self._json = JsonTurns(cast)
        self._markup = SpeechMarkup(cast)
        self._whitespace = WhitespaceNormaliser()
        self._labels = LabelReader(cast)
        self._lines = LineFilter(titles)
        self._turns = TurnWriter(cast, style, language, speaker)
        self._by_sentence = style.spells_out
        self._language = language
        self._held = ""
        self._start = 0  # of what isn't given out
        self._scan = 0  # of the word that is looked at
        self._searched = 0  # up to where a label was looked for
        self._head: LabelPlace | None = (
            LabelPlace.LINE
        )  # the label that may come now; None in the midst of a line
        self._is_after_blank = True  # a blank line stands before this one
        self._line = self._new_line()

    def _new_line(self, *, is_unlabelled: bool = False, wrapped: str = "") -> _LineState:
        return _LineState(is_unlabelled, wrapped=wrapped, sentences=SentenceSplitter(self._language))

    def is_speaker(self, name: str) -> bool:
        """Whether it names one of the cast."""
        return self._cast.find(name) is not None

    def feed(self, chunk: str) -> str:
        """The text that is certain after `chunk`: whole words, or whole sentences."""
        self._held += self._whitespace.feed(self._markup.feed(self._json.feed(chunk)))
        return self._drain(is_last=False)

    def close(self) -> str:
        """The rest of the turns."""
        rest = self._markup.feed(self._json.close()) + self._markup.close()
        self._held += self._whitespace.feed(rest)
        return self._drain(is_last=True)

    def _drain(self, *, is_last: bool) -> str:
        given = []
        while True:
            read = self._read_words if self._head is None else self._read_head
            if (text := read(is_last=is_last)) is None:
                break
            given.append(text)
        self._held = self._held[self._start :]
        self._scan -= self._start
        self._searched -= self._start
        self._start = 0
        return "".join(given)

    # Labels.

    def _read_head(self, *, is_last: bool) -> str | None:
        """The label of a line or a turn, or that there is none; None while that isn't certain."""
        place = self._head or LabelPlace.LINE
        self._skip_blank(place)
        if self._start >= len(self._held):
            return None
        if self._held[self._start] == "\n":  # the label stands alone: its words are on the next line
            self._head = LabelPlace.LINE
            return ""
        label = self._search_label(self._start, place, is_last=is_last)
        if label is None:
            return None
        if isinstance(label, SpeakerLabel):
            self._take_label(self._start, label)
            return ""
        if place is LabelPlace.LINE:
            self._line = self._new_line(is_unlabelled=True)
            self._turns.begin_line(is_wrapped=not self._is_after_blank)
        self._head, self._scan = None, self._start
        return ""

    def _skip_blank(self, place: LabelPlace) -> None:
        blank = " \t\n" if place is LabelPlace.LINE else " \t"
        while self._start < len(self._held) and self._held[self._start] in blank:
            self._is_after_blank = self._is_after_blank or self._held[self._start] == "\n"
            self._start += 1
        self._searched = max(self._searched, self._start)

    def _take_label(self, start: int, label: SpeakerLabel) -> None:
        self._line = self._new_line(wrapped=label.wrapped)
        self._lines.note_label()
        self._turns.begin_turn(label)
        self._start = self._searched = start + label.end
        self._head = LabelPlace.TURN

    def _end_line(self, start: int, *, is_after_blank: bool) -> None:
        """Ends the line; the next one begins at `start`."""
        self._start = self._searched = start
        self._head, self._is_after_blank = LabelPlace.LINE, is_after_blank

    def _search_label(
        self, start: int, place: LabelPlace, *, is_last: bool
    ) -> SpeakerLabel | LabelSearch | None:
        """Whether there is a label at `start`; None while that isn't certain.

        It is asked at points that the text has, so the answer doesn't depend on its chunks.
        """
        held, limit = self._held, start + LONGEST_LABEL
        line_end = held.find("\n", start, limit)
        stop = line_end if line_end >= 0 else min(limit, len(held))
        for point in _POINT.finditer(held, max(start, self._searched), stop):
            self._searched = point.end()
            found = self._labels.read(held[start : self._searched], place, is_whole=False)
            if found is not LabelSearch.PENDING:
                return found
        if line_end >= 0 or (is_last and len(held) < limit):
            return self._labels.read(held[start:stop], place, is_whole=True)
        return LabelSearch.NOT_FOUND if len(held) >= limit else None

    # Words.

    def _read_words(self, *, is_last: bool) -> str | None:
        """The next words of a line that can be released; None while there are none."""
        if self._line.is_skipped:
            return self._skip_line()
        while self._scan < len(self._held):
            label = self._read_label_within(is_last=is_last)
            if label is None:
                return None
            if isinstance(label, SpeakerLabel):
                start = self._scan
                given = self._say_rest(start)
                self._take_label(start, label)
                return given
            end = find_word_end(self._held, self._scan, self._start + LONGEST_UNIT, is_last=is_last)
            if end is None or (self._may_end_line(end) and not is_last):
                return None
            if (text := self._take_word(end)) is not None:
                return text
        return None

    def _read_label_within(self, *, is_last: bool) -> SpeakerLabel | LabelSearch | None:
        """The label before the next word of a line; None while that isn't certain."""
        line = self._line
        if line.awaited is LabelPlace.WORD and self._held[self._scan] not in _DECORATION:
            line.awaited = None
        if line.awaited is None:
            return LabelSearch.NOT_FOUND
        label = self._search_label(self._scan, line.awaited, is_last=is_last)
        if label is not None:
            line.awaited = None
        return label

    def _may_end_line(self, end: int) -> bool:
        """Whether the line may end with the blank after the word, where that matters for the word."""
        is_known = self._held[end : end + 1] not in (" ", "\t") or end + 1 < len(self._held)
        is_quoted = self._line.is_first and self._held[self._start] in QUOTES
        return not is_known and (self._line.is_unlabelled or bool(self._line.wrapped) or is_quoted)

    def _take_word(self, end: int) -> str | None:
        """The text released by the word before `end`; None where its unit goes on."""
        word, after = self._held[self._scan : end], self._held[end : end + 1]
        if after in (" ", "\t") and self._held[end + 1 : end + 2] == "\n":
            after += "\n"
        if not after or after.endswith("\n"):
            given = self._say(end, ends_line=True)
            self._end_line(end + len(after), is_after_blank=False)
            return given
        is_long = end - self._start >= LONGEST_UNIT
        end += after.isspace()
        unit_end = self._find_unit_end(word, end)
        self._note_word(word, end)
        said = self._say(end if is_long else unit_end, ends_line=False) if is_long or unit_end else None
        self._scan = end
        return said

    def _note_word(self, word: str, end: int) -> None:
        """Notes whether the next word may be a label. Separators of turns change nothing: "Hello. / Ben: Hi."."""
        line = self._line
        line.words = f"{line.words.rpartition(' ')[2]} {word[-_LONGEST_WORD:]}"
        if not is_sign(word) or is_interrupted(word):
            is_noted = word.endswith((")", "]", "*", "）"))
            is_over = is_noted or is_interrupted(word) or ends_sentence(line.words, self._language)
            self._line.follows = LabelPlace.SENTENCE if is_over else LabelPlace.WORD
        self._line.awaited, self._searched = self._line.follows, end

    def _find_unit_end(self, word: str, end: int) -> int:
        """The end of the words that can be cleaned without what follows, known to `end`; 0: not yet."""
        if self._line.is_unlabelled or self._by_sentence:
            over = self._find_sentence_end(end)
        else:
            over = 0 if is_sign(word) or word.casefold() in LEADS else end
        if not word or not over:
            return 0
        unit = self._held[self._start : over]
        if self._line.is_first and unit[:1] in QUOTES and QUOTES[unit[0]] not in unit[1:]:
            return 0  # perhaps the whole turn is quoted
        return over if not has_open_mark(unit) or len(unit) > LONGEST_OPEN else 0

    def _find_sentence_end(self, end: int) -> int:
        """The end of the last whole sentence; 0 where there is none since the last call."""
        sentences = self._line.sentences
        if not sentences.feed(self._held[self._scan : end]):
            return 0
        over = end - len(sentences.rest.lstrip())
        return over if over > self._start else 0

    def _say(self, end: int, *, ends_line: bool) -> str:
        """The turns after one more unit, up to `end`."""
        unit = self._held[self._start : end]
        self._start = self._scan = end
        line, is_whole = self._line, ends_line and self._line.is_first
        unit = unwrap(unit, line.wrapped) if ends_line else unit
        if line.is_unlabelled and unit.strip():
            turns = self._turns
            kind = self._lines.judge(
                unit.strip(), is_whole=is_whole, has_label=turns.has_label, has_text=turns.has_text
            )
            line.is_skipped = kind is LineKind.NOTE and not ends_line
            if kind is not LineKind.SPEECH:
                return ""
            unit, marked = strip_line_marks(unit)[0], unit
            turns.note_list_item(is_item=unit != marked)
        line.is_unlabelled = line.is_first = False
        return self._turns.say(unit, is_whole_turn=is_whole)

    def _say_rest(self, end: int) -> str:
        """The turns with the words before a label in its line."""
        words_end = strip_parting(self._held, self._start, end)
        given = self._say(words_end, ends_line=False) if words_end > self._start else ""
        self._start = self._scan = end
        return given

    def _skip_line(self) -> str | None:
        line_end = self._held.find("\n", self._start)
        if line_end < 0:
            self._start = self._scan = len(self._held)
            return None
        self._line = self._new_line()
        self._end_line(line_end + 1, is_after_blank=True)
        return ""
