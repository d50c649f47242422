"""Markdown and plain text: decoding, front matter, embedded HTML."""

import re

from backend.documents.left_out import LeftOut
from backend.documents.reading import Reading, Unreadable
from backend.documents.template_tags import take_out_tags
from workflows.text.layout.html_text import read_html

# A form feed, a vertical tab and their kind are white space to a reader; deleting them would join words.
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1f\x85]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_FENCE = re.compile(r"(?:---|\+\+\+)[^\S\n]*\n")
_FIELD = re.compile(r"[\w\"'-][^:=\n]{0,80}[:=](?:\s|$)")
_MORE_OF_A_FIELD = (" ", "\t", "- ", "#", "[", "]", "}", "{")
_TITLE = re.compile(r"^title[^\S\n]*+[:=][^\S\n]*+(.{1,400})$", re.IGNORECASE | re.MULTILINE)
_MOST_FRONT_MATTER = 20_000


def read_plain(data: bytes, *, is_markdown: bool) -> Reading:
    """The text as it is displayed, with cells, lines and blocks of HTML kept apart. Raises Unreadable."""
    left_out = LeftOut("paragraph")
    text = _CONTROLS.sub("", _BREAKS.sub("\n", _decode(data)))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    title: str | None = None
    hidden: tuple[str, ...] = ()
    if is_markdown:
        text, title = _without_front_matter(text, left_out)
        text, hidden = _without_template_tags(text, left_out)
    page = read_html(text, is_markdown=is_markdown)
    text = page.text
    for words in page.struck:
        left_out.add("struck_out_text", words)
    if page.scripts:
        left_out.add("scripts", count=page.scripts)
    if page.pictures:
        left_out.add("pictures", count=page.pictures)
    return Reading(text, (*hidden, *page.hidden), left_out.warnings(), title)


def _without_template_tags(text: str, left_out: LeftOut) -> tuple[str, tuple[str, ...]]:
    page = take_out_tags(text)
    for tag in page.tags:
        left_out.add("template_tags", tag)
    return page.text, page.hidden


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("the text is in UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the text is not UTF-8 (byte {error.start + 1}); save it as UTF-8") from None


def _without_front_matter(text: str, left_out: LeftOut) -> tuple[str, str | None]:
    """The text after its leading block of fields (YAML or TOML), and the title in them."""
    start = len(text) - len(text.lstrip("\n"))
    opening = _FENCE.match(text, start)
    if opening is None:
        return text, None
    mark = text[start : start + 3]
    block = text[opening.end() : opening.end() + _MOST_FRONT_MATTER]
    closing = re.compile(rf"^(?:{re.escape(mark)}|\.\.\.)[^\S\n]*$", re.MULTILINE).search(block)
    if closing is None or not _are_fields(lines := block[: closing.start()].splitlines()):
        return text, None
    names = [line.partition(":" if mark == "---" else "=")[0].strip() for line in lines if _FIELD.match(line)]
    left_out.add("front_matter", ", ".join(names))
    found = _TITLE.search("\n".join(lines))
    title = found[1].strip().strip("\"'").strip() if found else ""
    return text[opening.end() + closing.end() :], title or None


def _are_fields(lines: list[str]) -> bool:
    """Whether each line is a field, or continues one; else it is text between two rules."""
    given = [line for line in lines if line.strip()]
    return bool(given) and all(_FIELD.match(line) or line.startswith(_MORE_OF_A_FIELD) for line in given)
