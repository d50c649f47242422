"""Two hosts talking: a model's words made into turns `Name: text` while they stream. Pure."""

import re
from collections.abc import Iterator, Sequence

_LABEL = re.compile(r"^[*_#>\s]*([^\W\d_][\w .'’-]{0,29}?)[*_ ]*:[*_]*\s*")
_LONGEST_LABEL = 40
_STAGE = re.compile(r"^\s*[\[(][^\])]*[\])]\s*$")
_LINK = re.compile(r"\s?\(\[[^\[\]]*\]\([^)\[]*\)\)|\[([^\[\]]*)\]\([^)\[]*\)|\s?【[^【】]*】")
_OPENS = re.compile(r"[\[【]|\(\[?")
_LONGEST_LINK = 400
_EMPHASIS = re.compile(r"[*_`#]+")


class Dialogue:
    """A stream of lines in, turns out, a blank line between two. Feed, then `close`.

    Labels come out as the hosts' names are written. A paragraph without one is the last speaker's; where a
    text has no labels at all, the hosts take turns. A label that is nobody's name is dropped. Headings,
    links, emphasis and lines that are stage directions only are left out.
    """

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = list(hosts)
        self._names = {name.casefold(): name for name in hosts}
        for number, name in enumerate(hosts, 1):
            self._names.setdefault(f"host {number}", name)
            self._names.setdefault(f"host {'ab'[number - 1]}", name)
        self._line = ""  # what is read of this line and not given out
        self._in_turn = False  # the line's label was given out
        self._began = False
        self._labelled = False
        self._speaker = 0

    def feed(self, chunk: str) -> str:
        """What can be told for sure after `chunk`."""
        given = []
        self._line += chunk
        while (end := self._line.find("\n")) >= 0:
            line, self._line = self._line[:end], self._line[end + 1 :]
            given.append(self._end(line))
        given.append(self._go_on())
        return "".join(given)

    def close(self) -> str:
        """The rest."""
        line, self._line = self._line, ""
        return self._end(line)

    def _end(self, line: str) -> str:
        """A whole line, or what is left of one."""
        if self._in_turn:
            self._in_turn = False
            return _plain(line).rstrip()
        if _STAGE.match(line) or line.lstrip().startswith("#") or not _plain(line).strip():
            return ""
        return self._begin(line) + _plain(line[self._label_end(line) :]).strip()

    def _go_on(self) -> str:
        """What of a line that isn't whole can go."""
        given = ""
        if not self._in_turn:
            line = self._line
            if not line.strip() or line.lstrip()[0] in "[(#":
                return ""  # perhaps a stage direction: they are short
            if ":" not in line and len(line) < _LONGEST_LABEL:
                return ""
            if ":" in line and not line.split(":", 1)[1].strip("*_ \t"):
                return ""  # the label may not be whole yet
            given = self._begin(line)
            self._line = line[self._label_end(line) :].lstrip()
            self._in_turn = True
        safe = self._safe()
        text, self._line = self._line[:safe], self._line[safe:]
        return given + _plain(text)

    def _safe(self) -> int:
        """How much of the line under way is sure to hold no half of a link or of white space at its end."""
        for opening in _OPENS.finditer(self._line):
            rest = self._line[opening.start() :]
            if len(rest) > _LONGEST_LINK or _closes(rest):
                continue
            return len(self._line[: opening.start()].rstrip())
        return len(self._line.rstrip())

    def _label_end(self, line: str) -> int:
        label = _LABEL.match(line)
        return label.end() if label and self._is_label(label) else 0

    def _is_label(self, label: re.Match[str]) -> bool:
        """A name, or something that stands where a name should: one or two words that begin a line."""
        words = label.group(1).strip()
        return words.casefold() in self._names or (
            (words.istitle() or words.isupper()) and len(words.split()) < 3
        )

    def _begin(self, line: str) -> str:
        label = _LABEL.match(line)
        known = self._names.get(label.group(1).strip().casefold()) if label else None
        if known is not None:
            self._speaker = self._hosts.index(known)
            self._labelled = True
        elif self._began and (not self._labelled or (label and self._is_label(label))):
            self._speaker = 1 - self._speaker
        joint = "\n\n" if self._began else ""
        self._began = True
        return f"{joint}{self._hosts[self._speaker]}: "


def _closes(rest: str) -> bool:
    """Whether the bracket that `rest` begins with is closed, link and all."""
    if rest.startswith("【"):
        return "】" in rest
    if rest.startswith("(["):
        return "))" in rest
    if rest.startswith("("):
        return len(rest) > 1
    end = rest.find("]")
    return end >= 0 and (len(rest) > end + 1 and (rest[end + 1] != "(" or ")" in rest[end:]))


def _plain(text: str) -> str:
    return _EMPHASIS.sub("", _LINK.sub(lambda link: link.group(1) or "", text))


def read_turns(text: str, hosts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The turns of a finished script: who speaks, and what."""
    speaker = hosts[0]
    for paragraph in text.split("\n\n"):
        name, colon, words = paragraph.partition(":")
        if colon and name in hosts:
            speaker, paragraph = name, words
        if paragraph.strip():
            yield speaker, paragraph.strip()
