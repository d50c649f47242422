"""Running titles and page numbers: lines that recur at the edges of pages. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

_EDGE = 3
"""Lines from the top and from the bottom that are looked at."""
_LEAST_PAGES = 3
_SHARE = 1 / 3
_LONGEST = 120
_SENTENCE_END = (".", "!", "?", "…", ":", ";", "。", "؟")
_PAGE = "page|pg|p|seite|página|pagina|pág|pag|стр|страница|עמוד|עמ|דף|صفحة|ページ"
_OF = r"(?:of|von|de|di|sur|из|מתוך|من|/|-|–)"
_APART = r"[|·•–—]"
_PAGE_NUMBER = re.compile(
    rf"(?<!\w)(?:{_PAGE})(?!\w)['’׳.:]?\s*\d{{1,4}}(?:\s*{_OF}\s*\d{{1,4}})?(?!\w)"
    # Without the word it is one only if it stands alone: there are steps and doses "1 of 3", too.
    rf"|(?:^|(?<={_APART}\s))\d{{1,4}}\s*{_OF}\s*\d{{1,4}}(?=\s*(?:$|{_APART}))",
    re.IGNORECASE,
)
_ALONE = re.compile(r"\A[-–—|\s]*(\d{1,4})[-–—|\s]*$")


def find_running(pages: Sequence[Sequence[str]]) -> list[set[int]]:
    """For each page, the indices of its lines (from top to bottom) that are running titles or page numbers.

    A line that differs by a number is one only where the number is said to be the page's: "Day 1", "Day 2" are
    headings.
    """
    edges = [_edges(len(lines)) for lines in pages]
    counted: Counter[str] = Counter()
    for lines, places in zip(pages, edges, strict=True):
        counted.update({_key(lines[place]) for place in places})
    least = max(_LEAST_PAGES, len(pages) * _SHARE)
    again = {key for key, count in counted.items() if count >= least and len(key) <= _LONGEST}
    counting = _counts_pages(pages, edges)

    def rank(number: int, line: str) -> int:
        """2 for a page number, 1 for another line that comes again, 0 for text."""
        alone = _ALONE.match(line)
        if counting is not None and alone and int(alone[1]) == number + counting:
            return 2
        key = _key(line)
        if key not in again:
            return 0
        if "\0" in key:
            return 2
        has_words = any(letter.isalpha() for letter in line)
        return 1 if has_words and not line.rstrip().endswith(_SENTENCE_END) else 0

    return [
        _from_edges(
            [rank(number, line) for line in lines[:_EDGE]],
            [rank(number, line) for line in lines[-_EDGE:]],
            len(lines),
        )
        for number, lines in enumerate(pages)
    ]


def _from_edges(top: Sequence[int], bottom: Sequence[int], count: int) -> set[int]:
    """The lines from both edges inwards up to the text: page numbers, and one line beside them. A line that recurs
    within the text is no title."""
    first = _depth(top)
    return {*range(first), *range(max(first, count - _depth(bottom[::-1])), count)}


def _depth(ranks: Sequence[int]) -> int:
    titles = 0
    for depth, rank in enumerate(ranks):
        titles += rank == 1
        if not rank or titles > 1:
            return depth
    return len(ranks)


def _edges(count: int) -> list[int]:
    return sorted({*range(min(_EDGE, count)), *range(max(0, count - _EDGE), count)})


def _key(line: str) -> str:
    """The line with a placeholder for its page number."""
    return _PAGE_NUMBER.sub("\0", " ".join(line[: 2 * _LONGEST].split())).casefold()


def _counts_pages(pages: Sequence[Sequence[str]], edges: Sequence[Sequence[int]]) -> int | None:
    """The offset of lone numbers at the edges from page indices (from 0); None when they don't count pages."""
    if len(pages) < _LEAST_PAGES:
        return None
    ahead: Counter[int] = Counter()
    for number, (lines, places) in enumerate(zip(pages, edges, strict=True)):
        ahead.update({int(found[1]) - number for place in places if (found := _ALONE.match(lines[place]))})
    if not ahead:
        return None
    [(difference, count)] = ahead.most_common(1)
    return difference if count >= max(_LEAST_PAGES, 0.5 * len(pages)) else None
