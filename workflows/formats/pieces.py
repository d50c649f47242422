"""Items that a format's writing yields beside text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PieceText:
    """A delta of the text of the piece `name`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark for the reader while a section is written, such as that no search is available."""

    message: str


@dataclass(frozen=True, slots=True)
class SectionNotes:
    """A model's notes on the section that it has just written, for the prompts of later ones; no reader has them."""

    text: str
