"""Notices that a reader needs before relying on a text, shown wherever the text is. Pure.

A finished run has its notices in `metadata["notices"]`, as JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from typing_extensions import TypedDict

from workflows.verdicts import ReviewFinding

NoticeLevel = Literal["danger", "note"]
"""`danger` stands in every face and every file of the text; `note` where a text is read, not in its files."""


class NoticePassage(TypedDict):
    """A passage that the notice is about: the index of its section, its words, and what is wrong with it."""

    section: int | None
    quote: str
    reason: str


class Notice(TypedDict):
    """A sentence for readers, and the passages that it is about."""

    level: NoticeLevel
    text: str
    passages: list[NoticePassage]


_UNSAFE = {
    "en": "Warning: this text was NOT found safe. Don't rely on the passages listed here.",
    "he": "אזהרה: הטקסט הזה לא נמצא בטוח. אין להסתמך על הקטעים שברשימה.",
}
_SECTION = {"en": "Section {number}", "he": "חלק {number}"}


def notices_of(findings: Sequence[ReviewFinding], own: Sequence[Notice], language: str) -> list[Notice]:
    """A format's `own` notices; before them, unless one is a warning, a warning of what a review left unsafe."""
    unsafe = [finding for finding in findings if finding.get("unsafe")]
    if not unsafe or any(notice["level"] == "danger" for notice in own):
        return [*own]
    passages = [
        NoticePassage(
            section=finding.get("section"), quote=finding.get("quote", ""), reason=finding["advice"]
        )
        for finding in unsafe
    ]
    warning = Notice(level="danger", text=_UNSAFE.get(language, _UNSAFE["en"]), passages=passages)
    return [warning, *own]


def list_notices(metadata: Mapping[str, Any]) -> list[Notice]:
    """The notices of a finished run."""
    return list(metadata.get("notices", ()))


def list_dangers(metadata: Mapping[str, Any]) -> list[Notice]:
    """Those that stand in every file too."""
    return [notice for notice in list_notices(metadata) if notice["level"] == "danger"]


def notice_lines(notice: Notice, language: str = "en") -> Iterator[str]:
    """The notice as lines of plain text: its sentence, then a line a passage."""
    yield notice["text"]
    for passage in notice["passages"]:
        place = ""
        if passage["section"] is not None:
            label = _SECTION.get(language, _SECTION["en"]).format(number=passage["section"] + 1)
            place = f"{label}: "
        quote = f"“{passage['quote']}” " if passage["quote"] else ""
        yield " ".join(f"{place}{quote}({passage['reason']})".split())


def notice_markdown(notice: Notice, language: str = "en") -> str:
    """The notice as a block quotation: its sentence in bold, a list of the passages."""
    first, *others = notice_lines(notice, language)
    return "\n>\n".join([f"> **{first}**", *(f"> - {line}" for line in others)])
