"""Scanner for what surrounds a speaker's name: list marks, times, brackets, emphasis, manners. Pure."""

import re
from dataclasses import dataclass, field

from workflows.formats.speech.signs import EMOJI, MARKS, TIMES

_LEAD = re.compile(
    rf"(?:[\s>•◦▪●·|#@\u200e\u200f\u2066-\u2069]|\\?[-+*–—―](?=\s)|[–—―](?=[*_]{{0,3}}[^\W\d_])|\(?\d{{1,3}}\\?[.)](?=\s)|\d{{1,3}}(?=\s{{0,3}}\|)|{EMOJI}"
    rf"|{MARKS}[\[(（【]{TIMES}[\])）】]{MARKS}|{MARKS}{TIMES}{MARKS}(?=[\s|])(?:\s{{1,3}}[-–—](?=\s))?)*"
)
_MARKS = re.compile(r"(?:\\?[*_`~])+")
_RULES = re.compile(r"\\?={1,6}")
_EMOJI = re.compile(EMOJI)
_SPACE = re.compile(r"[\s\u200e\u200f\u2066-\u2069]*")
_NAME = re.compile(
    r"[^\W\d_]"
    r"(?:(?!\s[-–—]|-\s|--|_{1,9}(?:\W|$)|\s\d{1,2}:\d\d)"
    r"[^\n\t:：﹕∶︰()\[\]（）{}<>＜＞【】「」『』|*`~\\\"“”«»–—―−‒=→⇒;!?！？。]"
    r"|(?<=[א-ת])\"(?=[א-ת])){0,59}"
)
_LONGEST_NAME = 60
_ASIDE = re.compile(
    r"\s{0,3}(?:([*_]{1,3})\(([^()\n]{0,80})\)\1|\(([^()\n]{0,80})\)|（([^（）\n]{0,80})）"
    r"|\[([^\[\]\n]{0,80})\]|【([^【】\n]{0,80})】)"
)
_OPEN_ASIDE = re.compile(r"\s{0,3}[*_]{0,3}[(（\[【][^()（）\[\]【】\n]{0,80}$")
_TIME_AFTER = re.compile(rf"\s{{0,3}}{TIMES}(?=\s|$|[-–—:：])")
_CUT_TIME = re.compile(r"[\d:.,\s–—>-]{0,40}\Z")
_CLOSERS = {
    "[": "]", "(": ")", "{": "}", "<": ">", "【": "】", "（": "）", "「": "」", "『": "』", '"': '"', "“": "”",
    "”": "”", "„": "“”", "«": "»", "‹": "›", "‘": "’", "'": "'’",
}  # fmt: skip
_MOST_WORDS = 6
_MOST_OPENED = 6


@dataclass(slots=True)
class LabelScan:
    """Position in a prefix of a line, and what was found before it.

    `marks`: emphasis that is opened and not closed. `opened`: the signs that close what is open. `closed`: the signs
    that closed something, a star for emphasis. `manners`: what stands in brackets beside the name.
    """

    text: str
    is_whole: bool
    place: int = 0
    name: str = ""
    marks: str = ""
    opened: list[str] = field(default_factory=list)
    closed: str = ""
    manners: list[str] = field(default_factory=list)
    is_heading: bool = False
    has_time: bool = False

    @property
    def rest(self) -> str:
        """The text after the position."""
        return self.text[self.place :]

    @property
    def is_at_end(self) -> bool:
        """Whether the position is the end."""
        return self.place >= len(self.text)

    @property
    def is_cut(self) -> bool:
        """Whether the position is the end, and the line goes on."""
        return self.is_at_end and not self.is_whole

    @property
    def is_in_open_aside(self) -> bool:
        """Whether a bracket after the name is still open, and may yet be closed."""
        return not self.is_whole and _OPEN_ASIDE.match(self.text, self.place) is not None

    @property
    def may_be_time(self) -> bool:
        """Whether an open bracket, or a cell of a table, may become a time or a number."""
        is_set_off = bool(self.opened) or self.text.lstrip().startswith("|")
        return is_set_off and not self.is_whole and _CUT_TIME.match(self.text, self.place) is not None

    def after_space(self) -> int:
        """The end of the white space at the position."""
        space = _SPACE.match(self.text, self.place)
        return space.end() if space is not None else self.place

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Reads a match of `pattern` at the position."""
        found = pattern.match(self.text, self.place)
        if found is not None:
            self.place = found.end()
        return found

    def take_lead(self) -> None:
        """Reads marks before a label at the start of a line."""
        self.is_heading = self.text.lstrip().startswith("#")
        self.take(_LEAD)

    def take_openers(self) -> bool:
        """Reads brackets, emphasis and quotation marks; False where there are more than a label has."""
        while not self.is_at_end and len(self.opened) <= _MOST_OPENED:
            sign = self.text[self.place]
            if (marks := self.take(_MARKS)) is not None:
                self.marks += marks.group()
            elif self.take(_RULES) is not None:
                self.opened.append("=")
            elif sign in _CLOSERS:
                self.opened.append(_CLOSERS[sign])
                self.place += 1
            elif sign == "\\" and self.text[self.place + 1 : self.place + 2] in _CLOSERS:
                self.place += 1
            elif (after := self.after_space()) > self.place:
                self.place = after
            elif self.take(_EMOJI) is None:
                break
        return len(self.opened) <= _MOST_OPENED

    def take_name(self) -> bool | None:
        """Reads a possible name: None where it may go on; False where there is none, or it is too long."""
        found = _NAME.match(self.text, self.place)
        if found is None:
            return None if self.is_cut or self.may_be_time else False
        self.name = found.group().rstrip(" .,'’_-")
        if found.end() - found.start() >= _LONGEST_NAME or len(self.name.split()) > _MOST_WORDS:
            return False
        self.place = found.start() + len(self.name)
        return None if found.end() == len(self.text) and not self.is_whole else True

    def take_tail(self) -> None:
        """Reads the text between a name and its colon: closing marks, times, and manners in brackets."""
        before = -1
        while self.place != before:
            before = self.place
            self.take_closers()
            self.has_time = self.take(_TIME_AFTER) is not None or self.has_time
            if (aside := self.take(_ASIDE)) is not None:
                self._note_aside(next((said for said in aside.groups()[1:] if said is not None), ""))

    def _note_aside(self, said: str) -> None:
        said = said.strip(" *_")
        is_time = re.fullmatch(TIMES, said) is not None
        self.has_time = self.has_time or is_time
        self.manners += [said] if said and not is_time else []

    def take_closers(self) -> None:
        """Reads closing emphasis, brackets and quotation marks."""
        while not self.is_at_end:
            after = self.after_space()
            after += self.text[after : after + 1] == "\\" and bool(self.opened)
            sign = self.text[after : after + 1]
            if self.marks and (marks := _MARKS.match(self.text, self.place)) is not None:
                self.place, self.marks = marks.end(), ""
                self.closed += "*"
            elif sign and self.opened and sign in self.opened[-1]:
                rules = _RULES.match(self.text, after)
                self.place = after + 1 if rules is None else rules.end()
                self.closed += sign
                self.opened.pop()
            else:
                return

    def take_late_marks(self) -> None:
        """Reads emphasis that closes after the white space: "**Ada: **Welcome"."""
        after = self.after_space()
        if self.marks and self.text.startswith(self.marks, after):
            self.place, self.marks = after + len(self.marks), ""
