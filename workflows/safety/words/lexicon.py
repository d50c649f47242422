"""Lexicon of words, phrases and frames with values, found in folded text in one pass. Linear in the text.

A phrase is a path in a tree of words, so looking for ten thousand terms costs as much as looking for ten. A frame is a
phrase with classes of words in it, `<hit> <person>`: small words (the, old, poor) may stand between its words, and up
to eight words of any kind at a `..`; `hit|kick` is a class of its own, for one frame.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from workflows.safety.words.folding import fold
from workflows.text.sentences import leads_on

_T = TypeVar("_T")
_WORD = re.compile(r"[^\W_]+")  # `_` is how Markdown sets a word apart
# Hebrew writes "and", "when", "that", "from", "the", "in", "to" and "as" as letters before the word.
_PREFIX_LETTERS = (("", "ו"), ("", "לכש", "כש", "מש", "ש"), ("", *"מכבל"), ("", "ה"))
_PREFIXES = frozenset(map("".join, product(*_PREFIX_LETTERS)))
_LONGEST_PREFIX = max(map(len, _PREFIXES))
_HYPHENS = {"-", "‐", "‑", "–", "'", "’"}
_LONGEST_GAP = 4
_ENDS_SENTENCE = re.compile(r"[.!?;:…\n]")
_SHORTEST_PART = 4
_MOST_FILLERS = 5
_LONGEST_SKIP = 8
_MOST_REMEMBERED = 20_000
_NO_CLASSES: frozenset[str] = frozenset()


class Word(NamedTuple):
    """A word of a folded text, and its place."""

    text: str
    start: int
    end: int


class Match(NamedTuple, Generic[_T]):
    """A match, from the word `first` to the word `last` of a text."""

    value: _T
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class WordClasses:
    """The classes of each word, and the filler words that a frame skips."""

    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, members: Mapping[str, Iterable[str]]) -> "WordClasses":
        """The classes from the words of each; the class `filler` is the words to skip."""
        classes: dict[str, set[str]] = {}
        for name, words in members.items():
            for word in map(fold, words):
                classes.setdefault(word, set()).add(name)
        fillers = frozenset(word for word, names in classes.items() if "filler" in names)
        return cls({word: frozenset(names) for word, names in classes.items()}, fillers)


@dataclass(slots=True, eq=False)  # compared and hashed by identity
class _Node(Generic[_T]):
    is_frame: bool = False
    classes: dict[str, "_Node[_T]"] = field(default_factory=dict)
    words: dict[str, "_Node[_T]"] = field(default_factory=dict)
    stems: dict[str, dict[str, "_Node[_T]"]] = field(default_factory=dict)  # by their first two letters
    values: list[_T] = field(default_factory=list)
    skip: "_Node[_T] | None" = None  # reached by any words, or none
    targets: "dict[str, list[_Node[_T]]] | None" = (
        None  # of a skip, by the next word; listed at its first use
    )


_Nodes: TypeAlias = list[_Node[_T]]


def split_words(folded: str) -> list[Word]:
    """The words of a folded text, in order."""
    return [Word(found.group(), *found.span()) for found in _WORD.finditer(folded)]


class Lexicon(Generic[_T]):
    """Terms, each with a value. A `*` at a term's end stands for any ending of its last word.

    The words of a phrase may be up to four characters apart, which may be the end of a line or of a sentence; those
    of one `in_line` stand on one line, with spaces or hyphens between them.
    """

    def __init__(
        self,
        terms: Iterable[tuple[str, _T]],
        frames: Iterable[tuple[str, _T]] = (),
        classes: WordClasses | None = None,
        *,
        in_line: bool = False,
    ) -> None:
        self._root: _Node[_T] = _Node()
        self._frames: _Node[_T] = _Node(is_frame=True)
        self._classes = classes or WordClasses()
        self._named = dict(self._classes.classes)  # the classes of a word, with those of one frame only
        self._in_line = in_line
        self._single: dict[tuple[str, int], set[tuple[str, bool]]] = {}
        self._parts: dict[int, set[str]] = {}
        self._begun: dict[str, _Nodes[_T]] = {}
        self._prefixed: dict[str, frozenset[str]] = {}
        for term, value in terms:
            self._add(fold(term), value)
        for frame, value in frames:
            self._add_frame(fold(frame), value)

    def __bool__(self) -> bool:
        return bool(self._root.words or self._root.stems or self._frames.classes or self._frames.words)

    def find(self, folded: str, words: list[Word]) -> Iterator[Match[_T]]:
        """All terms in the text, in order, and of those at one place the longest."""
        for first, word in enumerate(words):
            if nodes := self._begin(word.text):
                yield from reversed([*self._find_at(folded, words, first, nodes)])

    def is_begun(self, folded: str, words: list[Word]) -> bool:
        """Whether the text ends in the first words of a phrase."""
        return any(
            self._leads_on(folded, words, first, nodes)
            for first, word in enumerate(words)
            if (nodes := self._begin(word.text))
        )

    def unmask(self, masked: str) -> Iterator[str]:
        """The single words that a masked word (`f?ck`) may be."""
        for length in range(2, len(masked) + 1):
            for word, is_stem in self._single.get((masked[0], length), ()):
                if (is_stem or length == len(masked)) and _fits(masked, word):
                    yield word

    def find_within(self, run: str) -> Iterator[str]:
        """The longer single words anywhere within a run of letters."""
        for length, known in self._parts.items():
            parts = (run[start : start + length] for start in range(len(run) - length + 1))
            yield from (part for part in parts if part in known)

    def _add(self, term: str, value: _T) -> None:
        is_stem = term.endswith("*")
        words = _WORD.findall(term)
        if not words or "*" in term.removesuffix("*"):
            raise ValueError(f"{term!r} is no term: words, and a `*` only at the end")
        node = self._root
        for index, word in enumerate(words):
            is_last = index == len(words) - 1
            branch = node.stems.setdefault(word[:2], {}) if is_stem and is_last else node.words
            node = branch.setdefault(word, _Node())
        node.values.append(value)
        if len(words) == 1:
            word = words[0]
            self._single.setdefault((word[0], len(word)), set()).add((word, is_stem))
            if len(word) >= _SHORTEST_PART:
                self._parts.setdefault(len(word), set()).add(word)

    def _add_frame(self, frame: str, value: _T) -> None:
        node = self._frames
        for part in frame.split():
            if "|" in part:
                self._add_alternatives(part)
                node = node.classes.setdefault(part, _Node(is_frame=True))
                continue
            if part == "..":
                node.skip = node.skip or _Node(is_frame=True)
                node = node.skip
                continue
            branch, key = (node.classes, part[1:-1]) if part.startswith("<") else (node.words, part)
            node = branch.setdefault(key, _Node(is_frame=True))
        node.values.append(value)

    def _add_alternatives(self, part: str) -> None:
        named = self._named
        for each in part.split("|"):
            is_class = each.startswith("<")
            words = [word for word, names in named.items() if each[1:-1] in names] if is_class else [each]
            named.update({word: named.get(word, frozenset()) | {part} for word in words})

    def _find_at(
        self, folded: str, words: list[Word], first: int, nodes: "_Nodes[_T]"
    ) -> Iterator[Match[_T]]:
        for node, last in self._walk(folded, words, first, nodes):
            if not (node.is_frame and _is_owner(folded, words, last)):
                for value in node.values:
                    yield Match(value, first, last)

    def _leads_on(self, folded: str, words: list[Word], first: int, nodes: "_Nodes[_T]") -> bool:
        last_word = len(words) - 1
        return any(
            last == last_word and not node.is_frame and bool(node.words or node.stems)
            for node, last in self._walk(folded, words, first, nodes)
        )

    def _walk(
        self, folded: str, words: list[Word], first: int, nodes: "_Nodes[_T]"
    ) -> Iterator[tuple[_Node[_T], int]]:
        """The nodes reached from the root by the word `first` (`nodes`) and by the words after it."""
        last, fillers = first, 0
        skips: dict[_Node[_T], int] = {}  # with the last word that may be skipped
        while nodes or skips:
            yield from ((node, last) for node in nodes)
            skips |= {node.skip: last + _LONGEST_SKIP + 1 for node in nodes if node.skip}
            last += 1
            if last == len(words) or not self._is_joint(folded[words[last - 1].end : words[last].start]):
                return
            word = words[last].text
            if _ends_sentence(folded, words[last - 1].end, words[last].start):
                nodes, skips = [node for node in nodes if not node.is_frame], {}
            further = [next_node for node in nodes for next_node in self._next(node, word)]
            for node in skips:
                further += self._after_skip(node, word)
            if word in self._classes.fillers and fillers < _MOST_FILLERS:
                fillers += 1
                further += [_waiting(node) for node in nodes if node.is_frame]
            nodes = list(dict.fromkeys(further)) if skips and further else further
            skips = {node: until for node, until in skips.items() if last < until}

    def _begin(self, word: str) -> "_Nodes[_T]":
        """The nodes reached from the root by a word; cached, since few words make up a text."""
        known = self._begun.get(word)
        if known is not None:
            return known
        found = self._reach(word)
        if len(self._begun) < _MOST_REMEMBERED:
            self._begun[word] = found
        return found

    def _reach(self, word: str) -> "_Nodes[_T]":
        found: list[_Node[_T]] = []
        for spelling in (word,) if word.isascii() else without_prefix(word):
            found += self._next(self._root, spelling)
            found += self._next(self._frames, spelling)
        return found

    def _next(self, node: _Node[_T], word: str) -> list[_Node[_T]]:
        found = [node.words[word]] if word in node.words else []
        if node.stems and (stems := node.stems.get(word[:2]) or node.stems.get(word[:1])):
            found += [further for stem, further in stems.items() if word.startswith(stem)]
        if node.classes:
            found += [node.classes[name] for name in self._classes_of(word) & node.classes.keys()]
        return found

    def _classes_of(self, word: str) -> frozenset[str]:
        """The classes of a word, with any of its prefixes; cached, since each frame under way asks for them."""
        if word.isascii():
            return self._named.get(word, _NO_CLASSES)
        known = self._prefixed.get(word)
        if known is None:
            known = _NO_CLASSES.union(*(self._named.get(each, ()) for each in without_prefix(word)))
            if len(self._prefixed) < _MOST_REMEMBERED:
                self._prefixed[word] = known
        return known

    def _after_skip(self, node: _Node[_T], word: str) -> _Nodes[_T]:
        """The same as `_next` by one look-up, since a skip is followed at each of its words."""
        if not word.isascii():
            return self._next(node, word)
        if node.targets is None:
            targets = {each: [further] for each, further in node.words.items()}
            for each, names in self._named.items():
                if found := names & node.classes.keys():
                    targets.setdefault(each, []).extend(node.classes[name] for name in found)
            node.targets = targets
        return node.targets.get(word, [])

    def _is_joint(self, gap: str) -> bool:
        if len(gap) > _LONGEST_GAP:
            return False
        return not self._in_line or ("\n" not in gap and (gap.isspace() or gap in _HYPHENS))


def _ends_sentence(folded: str, start: int, end: int) -> bool:
    mark = _ENDS_SENTENCE.search(folded, start, end)
    return mark is not None and not leads_on(folded, mark.start())


def _waiting(node: _Node[_T]) -> _Node[_T]:
    """A copy of a frame's node after a filler word, without its values."""
    return _Node(is_frame=True, classes=node.classes, words=node.words)


def without_prefix(word: str) -> list[str]:
    """The word, and a Hebrew one without its prefixed letters."""
    if not "א" <= word[0] <= "ת":
        return [word]
    ends = range(min(_LONGEST_PREFIX, len(word) - 1) + 1)
    return [word[end:] for end in ends if word[:end] in _PREFIXES]


def _is_owner(folded: str, words: list[Word], last: int) -> bool:
    """Whether the word has an `'s`: the text is about its possession."""
    if last + 1 == len(words) or words[last + 1].text != "s":
        return False
    return folded[words[last].end : words[last + 1].start] in {"'", "’"}


def _fits(masked: str, word: str) -> bool:
    return all(shown in ("?", letter) for shown, letter in zip(masked, word, strict=False))
