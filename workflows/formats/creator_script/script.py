"""Text of a section: its heading, and the spoken words below it. Pure, but for the stream."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from workflows.errors import ModelBadOutput

_T = TypeVar("_T")

# The line that we write, `[00:00–00:20] HOOK`, however a model may spell it when it writes one too.
HEADING = re.compile(r"^\[(\d{2}):(\d{2})–(\d{2}):(\d{2})\] (HOOK|OUTRO|CONTENT: .+)$")
_FOREIGN = re.compile(
    r"^\W*(?:\[?\(?\d{1,2}:\d{2}.{0,40}|#{1,6} .*|\*\*[^*]+\*\*:?|(?:HOOK|CONTENT|OUTRO|INTRO)\b.{0,80})\s*$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^\W*([^\W\d_]*)")
_LABELS = ("hook", "content", "outro", "intro")
_LONGEST = 160  # characters: a longer first line is no heading


def split_heading(text: str) -> tuple[str, str]:
    """The heading line and the spoken words; the heading is empty where there is none."""
    first, _, rest = text.partition("\n")
    return (first, rest.strip()) if HEADING.match(first) else ("", text)


def spoken(text: str) -> str:
    """The spoken words of a section."""
    return split_heading(text)[1]


async def under_heading(heading: str, prose: AsyncGenerator[str | _T]) -> AsyncGenerator[str | _T]:
    """The heading, then the prose without the heading that a model may have put there itself.

    Raises ModelBadOutput when nothing is spoken.
    """
    yield f"{heading}\n\n"
    empty = True
    async with aclosing(without_heading(prose)) as lines:
        async for chunk in lines:
            empty = empty and not (isinstance(chunk, str) and chunk.strip())
            yield chunk
    if empty:
        raise ModelBadOutput("The model wrote a heading and nothing below it.")


async def without_heading(prose: AsyncGenerator[str | _T]) -> AsyncGenerator[str | _T]:
    """The prose from its first line that is no heading; what is no text, such as notes, passes as it is."""
    held: str | None = ""
    async with aclosing(prose) as chunks:
        async for chunk in chunks:
            if held is None or not isinstance(chunk, str):
                yield chunk
                continue
            held = _drop_headings(held + chunk)
            if "\n" in held or len(held) > _LONGEST or not _may_be_heading(held):
                yield held
                held = None
    if held and not _FOREIGN.match(held):
        yield held


def _drop_headings(text: str) -> str:
    """The text without its leading lines that are headings."""
    text = text.lstrip()
    line, end, rest = text.partition("\n")
    return _drop_headings(rest) if end and _FOREIGN.match(line) else text


def _may_be_heading(text: str) -> bool:
    """Whether the beginning of a first line may still turn out to be one."""
    if not text or not text[0].isalpha():
        return True
    opening = _OPENING.match(text)
    word = opening.group(1).casefold() if opening else ""
    return any(label.startswith(word) or word == label for label in _LABELS)
