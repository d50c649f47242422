"""Speaker labels at the start of a line, a turn or a sentence, in the forms that models write. Pure.

A label is read from a prefix of the line. One that can still become a label is `LabelSearch.PENDING`: the caller comes
back with more. So what is found depends on the text alone, not on how it came.
"""

import re
from dataclasses import dataclass
from enum import Enum

from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.speakers.label_scan import LabelScan
from workflows.formats.speech.speakers.names import fold, is_capitalised, is_person_name
from workflows.formats.speech.stage import is_manner

LONGEST_LABEL = 240
"""Characters in which a label must end, with what stands before it and its manner."""

_COLON = re.compile(r"\.?\s{0,3}\\?[:：﹕∶︰]")
_DASH = re.compile(r"\s{0,3}(?:[–—―−‒]|-{2,3}|->|→|=>|⇒)\s{0,3}|\s{1,3}-(?=\s)\s{0,3}|>\s{1,3}")
_CELL = re.compile(r"\s{0,3}[|\t]\s{0,3}")
_PLAY = re.compile(r"[^\W\d_][^\W_]{0,30}(?: [^\W_]{1,30}){0,2}\.\s{1,3}(?=\S)")
_FIELDS = frozenset({"speaker", "host", "voice", "character"})
"""What announces a name: "Speaker: Ada", "[Host: Ada] Welcome"."""
_VERBS = frozenset(
    {"adds", "answers", "asks", "continues", "exclaims", "explains", "replies", "responds", "says"}
)
_OPENS_SPEECH = frozenset("\"“'‘«„¿¡[(「『")


class LabelSearch(Enum):
    """Result of a search that found no label in a prefix."""

    PENDING = "pending"
    NOT_FOUND = "not found"


class LabelPlace(Enum):
    """Place of a search: beyond the start of a line only a speaker's own name, plainly written, is a label."""

    LINE = "line"
    TURN = "turn"
    """Right after another label."""
    SENTENCE = "sentence"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class SpeakerLabel:
    """A label. `speaker` is of the cast; None for anybody else. The words begin at `end`."""

    speaker: str | None
    name: str
    manners: tuple[str, ...]
    end: int
    wrapped: str = ""
    """What closes, at the end of the line, what was opened before the label: a quotation mark, a bracket."""
    has_dash: bool = False


class LabelReader:
    """Reader of the labels of one script, which remembers if dashes follow them, and if they are letters."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._has_dashes = False
        self._has_letters = False

    def read(self, text: str, place: LabelPlace, *, is_whole: bool) -> SpeakerLabel | LabelSearch:
        """The label at the start of `text`. `is_whole`: nothing of the line follows."""
        found = self._read(LabelScan(text, is_whole), place)
        if isinstance(found, SpeakerLabel):
            self._cast.note_number(found.name)
            self._has_dashes = self._has_dashes or found.has_dash
            self._has_letters = self._has_letters or len(fold(found.name)) == 1
        return found

    def _read(self, scan: LabelScan, place: LabelPlace) -> SpeakerLabel | LabelSearch:
        if place is LabelPlace.LINE:
            scan.take_lead()
        if not scan.take_openers():
            return LabelSearch.NOT_FOUND
        if place is LabelPlace.LINE and (label := self._read_play(scan)) is not None:
            return label
        has_name = scan.take_name()
        if has_name is False or (place is not LabelPlace.LINE and not self._may_begin(scan)):
            return LabelSearch.NOT_FOUND
        if has_name is None:
            return LabelSearch.PENDING
        scan.take_tail()
        return LabelSearch.PENDING if scan.is_in_open_aside else self._end(scan, place)

    def _may_begin(self, scan: LabelScan) -> bool:
        """Whether it may begin a label. A word ends at white space; in scripts without spaces it may go on."""
        is_cut = not scan.is_whole and not scan.text[-1:].isspace()
        return not scan.name or self._is_letter(scan) or self._cast.may_begin(scan.name, is_cut=is_cut)

    def _is_letter(self, scan: LabelScan) -> bool:
        return self._has_letters and len(fold(scan.name)) == 1

    def _end(self, scan: LabelScan, place: LabelPlace) -> SpeakerLabel | LabelSearch:
        """The label, decided by the text after the name."""
        if (colon := _COLON.match(scan.text, scan.place)) is not None:
            return self._read_colon(scan, colon, place)
        may_have_dash = place in (LabelPlace.LINE, LabelPlace.SENTENCE)
        if may_have_dash and (dash := _DASH.match(scan.text, scan.place)) is not None:
            return self._read_dash(scan, dash, place)
        if place is LabelPlace.LINE and (cell := _CELL.match(scan.text, scan.place)) is not None:
            scan.place = cell.end()
            return self._known(scan) or LabelSearch.NOT_FOUND
        if not scan.rest.strip(" #" if scan.is_heading else " "):
            return self._read_alone(scan, place) if scan.is_whole else LabelSearch.PENDING
        return self._read_bare(scan, place)

    def _read_colon(
        self, scan: LabelScan, colon: re.Match[str], place: LabelPlace
    ) -> SpeakerLabel | LabelSearch:
        scan.place = colon.end()
        is_field = fold(scan.name) in _FIELDS and not self._cast.is_named(scan.name)
        if place is LabelPlace.LINE and is_field:
            announced = self._read_announced(scan, place)
            if announced is not None:
                return announced
        following = scan.rest[:1]
        if following == "/" or (following.isdigit() and scan.name[-1].isdigit()):
            return LabelSearch.NOT_FOUND
        scan.take_closers()
        scan.take_late_marks()
        if not scan.is_whole and (scan.is_at_end or (scan.marks and not scan.rest.strip())):
            return LabelSearch.PENDING
        is_decorated = bool(scan.closed or scan.marks) or colon.end() < scan.place
        if place is LabelPlace.WORD and not is_decorated:
            return LabelSearch.NOT_FOUND
        if place is not LabelPlace.LINE:
            return self._exact(scan)
        known = self._known(scan)
        if known is None and self._is_stranger(scan):
            return _label(scan, None)
        return known or LabelSearch.NOT_FOUND

    def _read_announced(self, scan: LabelScan, place: LabelPlace) -> SpeakerLabel | LabelSearch | None:
        """The label after "Speaker:"; None where no lone name follows."""
        name, after = scan.name, scan.place
        scan.take_closers()
        scan.place = scan.after_space()
        has_name = scan.take_name()
        if has_name is None and self._may_begin(scan):
            return LabelSearch.PENDING
        if has_name and self._cast.is_named(scan.name):
            scan.take_tail()
            return LabelSearch.PENDING if scan.is_in_open_aside else self._end(scan, place)
        scan.name, scan.place = name, after
        return None

    def _read_dash(
        self, scan: LabelScan, dash: re.Match[str], place: LabelPlace
    ) -> SpeakerLabel | LabelSearch:
        if len(fold(scan.name)) < 2 or (place is LabelPlace.SENTENCE and not self._has_dashes):
            return LabelSearch.NOT_FOUND
        finds = self._cast.find if place is LabelPlace.LINE else self._cast.find_exact
        speaker = finds(scan.name)
        scan.place = dash.end()
        if speaker is None:
            return LabelSearch.NOT_FOUND
        if scan.is_cut:
            return LabelSearch.PENDING
        scan.take_closers()
        if scan.rest[:1].islower() and not self._has_dashes:  # "Ada – who is my friend – left"
            return LabelSearch.NOT_FOUND
        return _label(scan, speaker, has_dash=True)

    def _read_alone(self, scan: LabelScan, place: LabelPlace) -> SpeakerLabel | LabelSearch:
        if place is not LabelPlace.LINE or len(fold(scan.name)) < 2:
            return LabelSearch.NOT_FOUND
        scan.place = len(scan.text)
        if (known := self._known(scan)) is not None:
            return known
        is_set_off = bool(scan.closed) or scan.is_heading
        return _label(scan, None) if is_set_off and is_person_name(scan.name) else LabelSearch.NOT_FOUND

    def _read_bare(self, scan: LabelScan, place: LabelPlace) -> SpeakerLabel | LabelSearch:
        """A name followed only by its brackets or emphasis: "[Ada] Welcome", "**Ada** Welcome"."""
        is_after_space = scan.rest[:1].isspace()
        scan.place = scan.after_space()
        if _is_bracketed(scan) and place in (LabelPlace.LINE, LabelPlace.SENTENCE):
            is_line = place is LabelPlace.LINE
            return (self._known(scan) or LabelSearch.NOT_FOUND) if is_line else self._exact(scan)
        following = scan.rest[:1]
        is_new = not following.islower() and (following.isalnum() or following in _OPENS_SPEECH)
        is_emphasised = bool(scan.closed) and set(scan.closed) <= set("*)）")
        is_set_off = is_emphasised or scan.has_time or _has_manner(scan)
        if place is LabelPlace.LINE and is_set_off and is_new and is_after_space:
            return self._known(scan) or LabelSearch.NOT_FOUND
        return LabelSearch.NOT_FOUND

    def _read_play(self, scan: LabelScan) -> SpeakerLabel | None:
        """As plays are printed: "ADA. Welcome back." """
        found = _PLAY.match(scan.text, scan.place)
        if found is None or not found.group().isupper():
            return None
        name = found.group().rstrip(" .")
        speaker = self._cast.find_exact(name)
        if speaker is None:
            return None
        scan.name, scan.place = name, found.end()
        return _label(scan, speaker)

    def _known(self, scan: LabelScan) -> SpeakerLabel | None:
        """The label of one of the cast: by the name, by the brackets beside it, by its first part."""
        beside = next((aside for aside in scan.manners if self._cast.is_named(aside)), None)
        name = scan.name if beside is None or self._cast.is_named(scan.name) else beside
        if (speaker := self._cast.find(name)) is not None:
            return _label(scan, speaker)
        words, _, verb = scan.name.rpartition(" ")
        if verb in _VERBS and (speaker := self._cast.find_exact(words)) is not None:
            return _label(scan, speaker)
        name, comma, manner = scan.name.partition(",")
        if comma and is_manner(manner) and (speaker := self._cast.find(name)) is not None:
            scan.manners.append(manner.strip())
            return _label(scan, speaker)
        return None

    def _exact(self, scan: LabelScan) -> SpeakerLabel | LabelSearch:
        find = self._cast.find if self._is_letter(scan) else self._cast.find_exact
        speaker = find(scan.name)
        return _label(scan, speaker) if speaker is not None else LabelSearch.NOT_FOUND

    def _is_stranger(self, scan: LabelScan) -> bool:
        """Whether it is a name outside the cast. Words that nothing shows to be a name are speech."""
        if is_person_name(scan.name):
            return True
        is_name = is_capitalised(scan.name) and len(scan.name.split()) < 4
        return is_name and (_is_bracketed(scan) or _has_manner(scan))


def _is_bracketed(scan: LabelScan) -> bool:
    return any(sign in "]】>}=" for sign in scan.closed)


def _has_manner(scan: LabelScan) -> bool:
    return bool(scan.manners) and all(map(is_manner, scan.manners))


def _label(scan: LabelScan, speaker: str | None, *, has_dash: bool = False) -> SpeakerLabel:
    wrapped = "".join(scan.opened)
    return SpeakerLabel(speaker, scan.name, tuple(scan.manners), scan.after_space(), wrapped, has_dash)
