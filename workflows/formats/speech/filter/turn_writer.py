"""Turns written from cleaned words: `LABEL: text`, a blank line between two. Pure."""

from dataclasses import dataclass

from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.speakers.labels import SpeakerLabel
from workflows.formats.speech.tags import TAG, vocabulary
from workflows.formats.speech.wording.citations import GivenAddresses
from workflows.formats.speech.wording.cleaning import WordCleaner, strip_quotes

_STOPS = ",.;:!?…)]»”，。！？；："
_ENDS = ".!?…。！？"
_NO_JOINT = frozenset('.!?…。！？:;："”»)')


@dataclass(frozen=True, slots=True)
class ScriptStyle:
    """Style of a format's script.

    `keeps_tags`: delivery tags of the vocabulary stand in it; otherwise manners and notes are left out.
    `spells_out`: an English script has in words what a voice stumbles on; then it comes sentence by sentence.
    `alternates`: where a reply has no labels at all, its lines are the speakers' in turn, not the first one's.
    `addresses`: those that the brief gave (`list_addresses`), which are said; all others are left out.
    """

    keeps_tags: bool
    spells_out: bool
    alternates: bool
    addresses: frozenset[str] = frozenset()


class TurnWriter:
    """Writer of the turns of one script. Returned text is appended to what was returned before."""

    def __init__(self, cast: Cast, style: ScriptStyle, language: str, speaker: str | None) -> None:
        """`speaker`: who speaks where the text begins without a label; else the first of the cast."""
        self._cast = cast
        self._style = style
        self._cleaner = WordCleaner(
            keeps_tags=style.keeps_tags,
            spells_out=style.spells_out and language.startswith("en"),
            given=GivenAddresses(style.addresses, language),
        )
        self._speaker = speaker or cast.labels[0]
        self._strangers: dict[str, str] = {}
        self.has_label = False
        self._has_text = False
        self._has_words = False  # this turn has some already
        self._may_join = False  # the line may go on with the sentence of the last one
        self._is_due = False  # the line, if it has words, is the next speaker's
        self._manner: list[str] = []  # tags of the label, before its words
        self._waiting: list[str] = []  # tags that stood before any word
        self._gap = ""  # white space before the next words
        self._last = ""  # the last character that was given out

    @property
    def has_text(self) -> bool:
        """Whether any text was returned."""
        return self._has_text

    def begin_turn(self, label: SpeakerLabel) -> None:
        """Begins a turn of the speaker `label`."""
        self._speaker = label.speaker if label.speaker is not None else self._seat(label.name)
        self.has_label = True
        self._begin()
        tags = [tag for said in label.manners if (tag := vocabulary().find(said)) is not None]
        self._manner = tags if self._style.keeps_tags else []

    def begin_line(self, *, is_wrapped: bool = False) -> None:
        """Begins a line without a label, of the same speaker. `is_wrapped`: it may continue the last line."""
        may_join = is_wrapped and self._has_words and self._last not in _NO_JOINT
        self._begin()
        self._may_join = may_join
        self._is_due = self._style.alternates and not self.has_label and self._has_text

    def note_list_item(self, *, is_item: bool) -> None:
        """Marks the line as an item of a list, a line of its own."""
        self._may_join = self._may_join and not is_item

    def _begin(self) -> None:
        self._has_words, self._gap, self._is_due, self._may_join = False, "", False, False

    def say(self, words: str, *, is_whole_turn: bool = False) -> str:
        """Adds words to the turn, with the white space after them. `is_whole_turn`: it has no others."""
        gap, self._gap = self._gap, " " if words[-1:].isspace() else ""
        raw = words.strip()
        text = self._cleaner.clean(strip_quotes(raw) if is_whole_turn else raw, is_start=not self._has_words)
        if not self._has_words:
            return self._say_first(text)
        if not text:
            self._gap = gap or self._gap
            return ""
        if text[0] in _STOPS and raw[:1] != text[0]:  # what stood before it was taken out
            if not any(sign.isalnum() for sign in text) and self._last in _ENDS:
                return ""
            gap = ""
        elif TAG.match(text) is not None:
            gap = " "
        return self._give(gap + text)

    def _say_first(self, text: str) -> str:
        if not any(sign.isalnum() for sign in TAG.sub("", text)):
            self._waiting += TAG.findall(text) if self._style.keeps_tags else []
            return ""
        if self._may_join and text[0].islower():
            self._has_words = True
            return self._give(f" {text}")
        if self._is_due:
            labels = self._cast.labels
            self._speaker = labels[(labels.index(self._speaker) + 1) % len(labels)]
        first = TAG.match(text)
        tags = [*self._manner, *self._waiting]
        tag_text = "".join(f"[{tag}] " for tag in dict.fromkeys(tags) if first is None or first[1] != tag)
        self._manner, self._waiting, self._is_due = [], [], False
        joint = "\n\n" if self._has_text else ""
        self._has_words = self._has_text = True
        return self._give(f"{joint}{self._speaker}: {tag_text}{text}")

    def _give(self, text: str) -> str:
        self._last = text[-1:] or self._last
        return text

    def _seat(self, name: str) -> str:
        """The speaker who stands in for a name outside the cast: always the same, at first not the last one."""
        key = name.casefold()
        if key not in self._strangers:
            labels = self._cast.labels
            place = labels.index(self._speaker) + 1 if self._has_text else 0
            self._strangers[key] = self._cast.role_of(name) or labels[place % len(labels)]
        return self._strangers[key]
