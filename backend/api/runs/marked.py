"""Markdown of a text that others are shown, as HTML under the headings of its page."""

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import count, pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

WORDS = {"en": ("Source", "Back to the text"), "he": ("מקור", "חזרה לטקסט")}
"""What a citation and the way back from its note are called."""

_CITATION = re.compile(r"\[\d{1,2}(?:, ?\d{1,2})*\]")
_SECTION_LEVEL = 2
_LAST_LEVEL = 6


def make_renderer(notes: Sequence[str], words: tuple[str, str] = WORDS["en"]) -> Callable[[str], str]:
    """A parser of its own, since it may work in a thread. What isn't enabled stays text: HTML, links, pictures.

    `[1]` leads to the source of that number, which `notes` have as HTML: in a paragraph, where it is cited first,
    to a note beside it, elsewhere to the list below the text.
    """
    parser = MarkdownIt("zero").enable(["heading", "list", "table", "emphasis", "newline"])
    cite = _Citations(notes, words)

    def write_text(renderer: RendererHTML, tokens: Sequence[Token], index: int, *rest: Any) -> str:
        noted = tokens[index].meta.get("noted")
        return _CITATION.sub(lambda found: cite(found[0], noted), renderer.text(tokens, index, *rest))

    def render(text: str) -> str:
        tokens = parser.parse(text)
        _nest_headings(tokens)
        _mark_paragraphs(tokens)
        return str(parser.renderer.render(tokens, parser.options, {}))

    parser.add_render_rule("text", write_text)
    # One that is wider than the page is moved to and fro by itself, by keyboard too.
    parser.add_render_rule("table_open", lambda *_: '<div class="table" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return render


def _nest_headings(tokens: Sequence[Token]) -> None:
    """Puts each heading one level below the one that it belongs to, the first of all below the section's own."""
    above: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_LAST_LEVEL, _SECTION_LEVEL + len(above))}"


def _mark_paragraphs(tokens: Sequence[Token]) -> None:
    """Gives the texts of each paragraph the numbers of the notes there, by source."""
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open":
            noted: dict[int, int] = {}
            for child in token.children or ():
                child.meta = {**child.meta, "noted": noted}


class _Citations:
    """Makes links of a citation's numbers, but for those that the list has not."""

    def __init__(self, notes: Sequence[str], words: tuple[str, str]) -> None:
        self._notes = notes
        self._source, self._back = map(escape, words)
        self._count = count(1)

    def __call__(self, citation: str, noted: dict[int, int] | None) -> str:
        return re.sub(r"\d+", lambda found: self._link(found[0], noted), citation)

    def _link(self, digits: str, noted: dict[int, int] | None) -> str:
        number = int(digits)
        if not 1 <= number <= len(self._notes):
            return digits
        if noted is None:
            return f'<a href="#source-{number}">{digits}</a>'
        if number in noted:
            return f'<a href="#note-{noted[number]}">{digits}</a>'
        place = noted[number] = next(self._count)
        return (
            f'<a href="#note-{place}" id="cite-{place}" aria-label="{self._source} {number}">{digits}</a>'
            f'<span class="note" id="note-{place}" role="note" dir="auto">{number} · {self._notes[number - 1]} '
            f'<a class="note__back" href="#cite-{place}" aria-label="{self._back}">↩</a></span>'
        )
