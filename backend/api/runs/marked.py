"""Markdown of a text that others are shown, as HTML under the headings of its page."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_CITATION = re.compile(r"\[\d{1,2}(?:, ?\d{1,2})*\]")
_SECTION_LEVEL = 2
_LAST_LEVEL = 6


def make_renderer(sources: int) -> Callable[[str], str]:
    """A parser of its own, since it may work in a thread. What isn't enabled stays text: HTML, links, pictures.

    `[1]` leads to the list of sources, which has so many.
    """
    parser = MarkdownIt("zero").enable(["heading", "list", "table", "emphasis", "newline"])

    def write_text(renderer: RendererHTML, tokens: Sequence[Token], index: int, *rest: Any) -> str:
        return _CITATION.sub(lambda found: _link(found[0], sources), renderer.text(tokens, index, *rest))

    def render(text: str) -> str:
        tokens = parser.parse(text)
        _nest_headings(tokens)
        return str(parser.renderer.render(tokens, parser.options, {}))

    parser.add_render_rule("text", write_text)
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


def _link(citation: str, sources: int) -> str:
    """The numbers of a citation as links, but for those that the list has not."""

    def link(found: re.Match[str]) -> str:
        number = int(found[0])
        return f'<a href="#source-{number}">{found[0]}</a>' if 1 <= number <= sources else found[0]

    return re.sub(r"\d+", link, citation)
