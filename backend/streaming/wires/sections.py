"""Sections as messages of their own, for the wires whose clients put together what comes of one."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class SectionMessage:
    """A section's message: its text, and whether it may be appended to."""

    texts: list[str] = field(default_factory=list)
    is_open: bool = False
    is_ended: bool = False

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    @property
    def was_shown(self) -> bool:
        """Whether there is anything of it to take back."""
        return bool(self.texts) or self.is_ended


def open_message(sections: dict[int, SectionMessage], number: int) -> list[int]:
    """The sections whose messages begin, so that there is one of `number`: those before it too, since their order is
    that of the beginnings, whatever is written first."""
    begun = []
    for each in (*[each for each in range(number) if each not in sections], number):
        section = sections.setdefault(each, SectionMessage())
        if not section.is_open:
            section.is_open, section.is_ended = True, False
            begun.append(each)
    return begun
