"""Visible text of HTML inside Markdown or plain text, as a browser would show it. Pure, linear in the text.

Cells, list items, line breaks and blocks stay apart, so that no number grows together with its neighbour. Code of
Markdown (fences, backticks) and what only looks like a tag ("3 < 5") stay as they stand, so the text may hold what
a filter of markup would take for a tag: `escape_tags` sees to that.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.text.layout.html_names import CLOSED_BY, ELEMENTS, RAW, VOID
from workflows.text.layout.html_writer import HtmlWriter
from workflows.text.layout.mathml import MATH, MATH_END, read_math

_MARK = re.compile(r"<|`+|~{2,}")
_STRIKE_END = re.compile(r"(?<![\s~\\])~~(?!~)")
_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9]*)(?=[\s/>])((?:"[^"<]*"|'[^'<]*'|[^<>"'])*+)>""")
_DECLARATION = re.compile(r"<(?:(!doctype\b|\?xml\b)|[!?])([^<>]*)>", re.IGNORECASE)
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]+|[^<>\s@]+@[^<>\s@]+)>")
_TAG_LIKE = re.compile(r"<(?=[A-Za-z/!?<])")
_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n")
_BLOCK = re.compile(r"\n[^\S\n]*+(?:\n|[>|]|#{1,6}\s|(?:[-*+]|\d{1,9}[.)])[^\S\n])")
"""Where a paragraph ends: at a blank line, or where a quote, a row, a heading or an item begins."""
_ATTRIBUTE = re.compile(r"""([A-Za-z][A-Za-z-]*)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'=]+)))?+""")
_HIDING = re.compile(
    r"(?:^|;)\s*+(?:display\s*+:\s*+none|visibility\s*+:\s*+(?:hidden|collapse)|(?:font-size|opacity)\s*+:\s*+0"
    r"(?:\.0++)?(?:[a-z%]{1,3})?\s*+(?:!important\s*+)?(?:;|$))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The visible text, and the rest: `hidden` are comments and hidden elements, `struck` is struck-through text,
    `scripts` counts scripts and style sheets, `pictures` images."""

    text: str
    hidden: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    scripts: int = 0
    pictures: int = 0


@dataclass(slots=True)
class _Token:
    """A piece of the source: `text`, `code`, `open`, `close` or `comment`."""

    kind: str
    text: str = ""
    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    skip_to: int = 0  # of an element that isn't shown: the token after its end
    skip_as: str = ""  # `hidden` or `struck`


def read_html(source: str, *, is_markdown: bool = False) -> HtmlText:
    """The visible text of `source`, and what was left out. In Markdown `~~` strikes out, but for code."""
    strikes = is_markdown and "~~" in source
    if "<" not in source and "&" not in source and not strikes:
        return HtmlText(source)
    reader = _Tokeniser(source, strikes=strikes)
    tokens = list(reader.tokens())
    _mark_hidden(tokens)
    hidden: list[str] = []
    struck: list[str] = []
    writer = HtmlWriter()
    place = 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token.skip_to:
            inside = (t.text for t in tokens[place : token.skip_to] if t.kind in ("text", "code"))
            words = token.attributes.get("value", "") if token.name == "input" else " ".join(inside)
            (struck if token.skip_as == "struck" else hidden).append(words.strip())
            if token.skip_as == "struck":
                writer.pass_over(words)
            writer.part(token.name)
            place = token.skip_to
        elif token.kind == "comment":
            hidden.append(token.text.strip())
        elif token.kind == "text":
            writer.write(token.text)
        elif token.kind == "code":
            writer.write_code(token.text)
        elif token.kind == "open":
            if _is_cell_of_style(tokens, place - 1):
                writer.part("button")
            writer.open(token.name, token.attributes)
        else:
            writer.close(token.name)
    return HtmlText(
        writer.finish(),
        tuple(words for words in hidden if words),
        tuple(words for words in struck if words),
        reader.scripts,
        writer.pictures,
    )


def escape_tags(text: str) -> str:
    """`text` with `‹` for each `<` that a later filter would take for the start of a tag."""
    return _TAG_LIKE.sub("‹", text)


class _Tokeniser:
    """Tokeniser of a source. Each search for a missing end is made once."""

    def __init__(self, source: str, *, strikes: bool = False) -> None:
        self._source = source
        self._strike_ends = [found.start() for found in _STRIKE_END.finditer(source)] if strikes else []
        self._ends_of_blocks = [found.start() for found in _BLOCK.finditer(source)] if strikes else []
        self._struck = self._struck_until = 0  # how many strikes are open, and the end of their paragraph
        self._missing: set[str] = set()  # ends that don't come any more
        self._backticks: dict[int, list[int]] = {}
        if "`" in source:
            for run in re.finditer("`+", source):
                self._backticks.setdefault(len(run.group()), []).append(run.start())
        self._blank_lines = [match.start() for match in _BLANK_LINE.finditer(source)] if "`" in source else []
        self.scripts = 0

    def tokens(self) -> Iterator[_Token]:
        """The tokens in the order of the source; they hold all of its text but scripts."""
        source, place, start = self._source, 0, 0
        while mark := _MARK.search(source, place):
            token, end = self._at(mark)
            if token is None:
                place = end
                continue
            if mark.start() > start:
                yield _Token("text", source[start : mark.start()])
            if token.kind != "nothing":
                yield token
            place = start = end
        if start < len(source):
            yield _Token("text", source[start:])

    def _at(self, mark: re.Match[str]) -> tuple[_Token | None, int]:
        """The token at a mark, and its end; no token when the mark has no meaning."""
        if mark.group() == "~~":
            return self._strike(mark)
        if mark.group() != "<":
            return self._code(mark)
        source, start = self._source, mark.start()
        if source.startswith("<!--", start):
            end = self._find("-->", start + 4)
            return (None, start + 4) if end < 0 else (_Token("comment", source[start + 4 : end]), end + 3)
        if (math := MATH.match(source, start)) and (formula := self._formula(math)) is not None:
            return formula
        if (tag := _TAG.match(source, start)) and (name := tag[2].lower()) in ELEMENTS:
            return self._tag(tag, name)
        if found := _AUTOLINK.match(source, start):
            return _Token("text", found[1]), found.end()
        if found := _DECLARATION.match(source, start):
            return _Token("nothing" if found[1] else "comment", found[2]), found.end()
        return None, start + 1

    def _strike(self, mark: re.Match[str]) -> tuple[_Token | None, int]:
        """The start or the end of what Markdown strikes out, within a paragraph."""
        ends, start, after = self._strike_ends, mark.start(), mark.end()
        if start >= self._struck_until:
            self._struck = 0  # what looked like its end was code
        index = bisect_left(ends, start)
        if self._struck and ends[index : index + 1] == [start]:
            self._struck -= 1
            return _Token("close", name="del"), after
        block = bisect_left(self._ends_of_blocks, after)
        until = next(iter(self._ends_of_blocks[block : block + 1]), len(self._source))
        index = bisect_left(ends, after + 1)
        is_start = not self._source[after : after + 1].isspace() and self._source[start - 1 : start] != "\\"
        if not (is_start and index < len(ends) and ends[index] < until):
            return None, after
        self._struck, self._struck_until = self._struck + 1, until
        return _Token("open", name="del"), after

    def _formula(self, opening: re.Match[str]) -> tuple[_Token, int] | None:
        """A formula as text, with room around it; None where it has no end."""
        if "math" in self._missing or opening.group().endswith("/>"):
            return None
        end = MATH_END.search(self._source, opening.end())
        if end is None:
            self._missing.add("math")
            return None
        words = read_math(self._source[opening.end() : end.start()])
        before = self._source[opening.start() - 1 : opening.start()]
        after = self._source[end.end() : end.end() + 1]
        lead, trail = " " * before.isalnum(), " " * after.isalnum()
        return _Token("code", f"{lead}{words}{trail}"), end.end()

    def _tag(self, tag: re.Match[str], name: str) -> tuple[_Token, int]:
        if tag[1]:
            return _Token("close", name=name), tag.end()
        if name in RAW:
            is_empty = name == "svg" and tag[3].endswith("/")  # the others can't be
            close = -1 if is_empty else self._find(f"</{name}", tag.end())
            if close >= 0:
                self.scripts += name != "svg"
                end = self._source.find(">", close)
                element = "image" if name == "svg" else "script"
                return _Token("open", name=element), len(self._source) if end < 0 else end + 1
            return _Token("nothing"), tag.end()
        return _Token("open", name=name, attributes=_attributes(tag[3])), tag.end()

    def _find(self, end: str, start: int) -> int:
        """The position of an end, whatever its case; -1 if there is none."""
        if end in self._missing:
            return -1
        found = re.compile(re.escape(end), re.IGNORECASE).search(self._source, start)
        if found is None:
            self._missing.add(end)
            return -1
        return found.start()

    def _code(self, mark: re.Match[str]) -> tuple[_Token | None, int]:
        run, start = mark.group(), mark.start()
        _, newline, indent = self._source[max(0, start - 4) : start].rpartition("\n")
        at_line_start = (newline or start < 4) and indent.isspace() is bool(indent) and len(indent) < 4
        if len(run) >= 3 and at_line_start:
            return self._fence(run, mark.end(), start)
        if run[0] == "~":
            return None, mark.end()
        closing = self._backticks[len(run)]
        index = bisect_left(closing, mark.end())
        if index == len(closing):
            return None, mark.end()
        blank = bisect_left(self._blank_lines, mark.end())
        if blank < len(self._blank_lines) and self._blank_lines[blank] < closing[index]:
            return None, mark.end()
        end = closing[index] + len(run)
        return _Token("code", self._source[start:end]), end

    def _fence(self, run: str, after: int, start: int) -> tuple[_Token, int]:
        closing = re.compile(rf"^ {{0,3}}{re.escape(run)}+[^\S\n]*$", re.MULTILINE)
        end = closing.search(self._source, after)
        stop = len(self._source) if end is None else end.end()
        return _Token("code", self._source[start:stop]), stop


def _attributes(source: str) -> dict[str, str]:
    """Names in lower case → values; of duplicates, the first counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source):
        value = match[2] or match[3] or match[4] or ""
        found.setdefault(match[1].lower(), value)
    return found


def _mark_hidden(tokens: list[_Token]) -> None:
    """Sets `skip_to` of each hidden element that has an end. One without an end hides nothing: else a typing error
    would swallow the rest of the document."""
    stack: list[int] = []
    counts: Counter[str] = Counter()

    def close_to(name: str, end: int) -> None:
        while True:
            index = stack.pop()
            opened = tokens[index]
            counts[opened.name] -= 1
            if opened.skip_as:
                opened.skip_to = end
            if opened.name == name:
                return

    for index, token in enumerate(tokens):
        if token.kind == "open" and token.name in VOID:
            token.skip_as = _is_left_out(token)
            token.skip_to = index + 1 if token.skip_as else 0
        elif token.kind == "open" and token.name != "script":
            while stack and token.name in CLOSED_BY.get(tokens[stack[-1]].name, ()):
                close_to(tokens[stack[-1]].name, index)
            token.skip_as = _is_left_out(token)
            stack.append(index)
            counts[token.name] += 1
        elif token.kind == "close" and counts[token.name]:
            close_to(token.name, index + 1)


def _is_cell_of_style(tokens: list[_Token], place: int) -> bool:
    """Whether an element with a style follows another one, digit upon digit: as likely as not they stand apart on the
    page, and "6" and "2.5 mg" must not become "62.5 mg"."""
    if place < 2 or not tokens[place].attributes.keys() & {"style", "class"}:
        return False
    before, inside = tokens[place - 2], tokens[place + 1 : place + 2]
    is_next = tokens[place - 1].kind == "close" and before.kind == "text" == (inside and inside[0].kind)
    return bool(is_next and before.text[-1:].isdigit() and inside[0].text[:1].isdigit())


def _is_left_out(token: _Token) -> str:
    if token.name in ("del", "s", "strike"):
        return "struck"
    style = token.attributes.get("style", "")
    if token.name == "template" or "hidden" in token.attributes or _HIDING.search(style):
        return "hidden"
    return "struck" if "line-through" in style.casefold() else ""
