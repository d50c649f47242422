"""Numbers and bullets of list items and headings, which Word computes instead of storing them in the text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from backend.documents.word.xml import child, children, number, value

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
          (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_HEBREW = ((400, "ת"), (300, "ש"), (200, "ר"), (100, "ק"), (90, "צ"), (80, "פ"), (70, "ע"), (60, "ס"), (50, "נ"),
           (40, "מ"), (30, "ל"), (20, "כ"), (16, "טז"), (15, "טו"), (10, "י"), (9, "ט"), (8, "ח"), (7, "ז"),
           (6, "ו"), (5, "ה"), (4, "ד"), (3, "ג"), (2, "ב"), (1, "א"))  # fmt: skip
_LARGEST = 4000
BULLET = "-"


@dataclass(frozen=True, slots=True)
class _Level:
    form: str
    start: int
    text: str


@dataclass(slots=True)
class _List:
    """The levels of an abstract list, and their current counts."""

    levels: dict[int, _Level]
    link: str | None
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counter that numbers paragraphs as Word does: called for each paragraph of a list, in order."""

    def __init__(self, root: etree._Element | None, links: Callable[[str], tuple[str, int] | None]) -> None:
        """`links`: the list of a style, where an abstract list names a style."""
        self._links = links
        self._lists = {
            value(node, "abstractNumId"): _read_list(node) for node in children(root, "abstractNum")
        }
        self._nums = {value(node, "numId"): node for node in children(root, "num")}
        self._started: set[str] = set()

    def mark(self, name: str, level: int) -> str:
        """The mark of the next paragraph of that list: `-`, `2.1`, `b)`; empty for none."""
        found = self._find(name)
        if found is None or level not in found.levels:
            return ""
        if name not in self._started:
            self._started.add(name)
            for override in children(self._nums[name], "lvlOverride"):
                start = child(override, "startOverride")
                if start is not None:
                    found.counts[number(override, 0, "ilvl")] = number(start, 1) - 1
        this = found.levels[level]
        found.counts[level] = found.counts.get(level, this.start - 1) + 1
        for deeper in [other for other in found.counts if other > level]:
            del found.counts[deeper]
        if this.form == "bullet":
            return BULLET
        text = this.text
        for other, its in found.levels.items():
            count = found.counts.get(other, its.start)
            text = text.replace(f"%{other + 1}", _FORMS.get(its.form, str)(count))
        return "" if this.form == "none" else text.strip()

    def _find(self, name: str) -> _List | None:
        for _ in range(5):
            node = self._nums.get(name)
            found = self._lists.get(value(child(node, "abstractNumId")))
            if found is None or found.link is None:
                return found
            name = (self._links(found.link) or ("", 0))[0]
        return None


def _read_list(node: etree._Element) -> _List:
    levels = {
        number(item, 0, "ilvl"): _Level(
            value(child(item, "numFmt")) or "decimal",
            number(child(item, "start"), 1),
            (value(child(item, "lvlText")) or "")[:100],
        )
        for item in children(node, "lvl")
    }
    return _List(levels, value(child(node, "numStyleLink")))


def _letters(count: int) -> str:
    """1 → a, 27 → aa, 28 → bb."""
    times, letter = divmod(max(count, 1) - 1, 26)
    return chr(ord("a") + letter) * min(times + 1, 20)


def _by_values(values: tuple[tuple[int, str], ...]) -> Callable[[int], str]:
    def write(count: int) -> str:
        count, written = min(count, _LARGEST), ""
        for amount, sign in values:
            while count >= amount:
                written, count = written + sign, count - amount
        return written

    return write


_roman, _hebrew = _by_values(_ROMAN), _by_values(_HEBREW)
_FORMS: Mapping[str, Callable[[int], str]] = {
    "lowerLetter": _letters,
    "upperLetter": lambda count: _letters(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "hebrew1": _hebrew,
    "hebrew2": _hebrew,
    "none": lambda _: "",
    "bullet": lambda _: "",
    "decimalZero": lambda count: f"{count:02}",
}
