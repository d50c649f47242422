"""Inflection of Hebrew verbs and nouns, written without vowel points.

`paal רצח` is the root רצח in the stem pa'al: רצחתי, ירצח, רוצחת, לרצוח and so on. The patterns are the regular ones of
grammar books; irregular words are listed form by form where they are needed.
"""

from collections.abc import Iterator

_FINALS = {"כ": "ך", "מ": "ם", "נ": "ן", "פ": "ף", "צ": "ץ"}
_MEDIALS = {final: medial for medial, final in _FINALS.items()}
_PAST = ("", "ה", "ו", "תי", "ת", "נו", "תם", "תן")
_PAST_WITH_OBJECT = ("ני", "ך", "ם", "נו")  # הרגני, he killed me
_FUTURE = (("א", ""), ("ת", ""), ("י", ""), ("נ", ""), ("ת", "י"), ("ת", "ו"), ("י", "ו"))
_PARTICIPLE = ("", "ת", "ים", "ות", "י")
_ADJECTIVE = ("", "ה", "ים", "ות", "י")
_POSSESSED = ("י", "ך", "ו", "ה", "נו", "כם", "כן", "ם", "ן")
_POSSESSED_PLURAL = ("", "י", "יך", "ייך", "יו", "יה", "ינו", "יכם", "יכן", "יהם", "יהן")


def expand(entry: str) -> list[str]:
    """The forms of an entry, `pattern word`, each with its allowed following words: `paal דקר + אותו|אותה`.

    The pattern `any` takes words as they are: `any שלף,שלפה + סכין`. Raises ValueError for an unknown pattern.
    """
    words, _, endings = entry.partition(" + ")
    pattern, _, words = words.partition(" ")
    if pattern != "any" and pattern not in _PATTERNS:
        raise ValueError(f"{pattern!r} is no pattern of Hebrew; there is any, {', '.join(sorted(_PATTERNS))}")
    forms = words.split(",") if pattern == "any" else _expand_word(pattern, words)
    return [f"{form} {ending}" for form in forms for ending in endings.split("|")] if endings else forms


def _expand_word(pattern: str, word: str) -> list[str]:
    base = "".join(_MEDIALS.get(letter, letter) for letter in word)
    return list(dict.fromkeys(map(_end, _PATTERNS[pattern](base))))


def _end(form: str) -> str:
    """The form with the final shape of its last letter."""
    return form[:-1] + _FINALS.get(form[-1], form[-1])


def _paal(root: str) -> Iterator[str]:
    first, middle, last = root[0], root[1:-1], root[-1]
    full = f"{first}{middle}ו{last}"
    yield from _past(root)
    yield from (root + ending for ending in _PAST_WITH_OBJECT)
    yield from _future("", root, full)
    yield from (f"{first}ו{middle}{last}{ending}" for ending in _PARTICIPLE)
    yield from (full + ending for ending in _ADJECTIVE)
    yield from (f"ל{full}", f"ב{full}", f"ל{root}ו", f"ל{first}ו{middle}{last}ו")
    yield from (f"{root}י", f"{root}ו")  # the imperative


def _nifal(root: str) -> Iterator[str]:
    yield from _past(f"נ{root}")
    yield from (f"נ{root}{ending}" for ending in _PARTICIPLE)
    yield from _future("י", root)
    yield from _future("", root)
    yield from (f"להי{root}", f"לה{root}", f"הי{root}ות", f"ה{root}ות")


def _piel(root: str) -> Iterator[str]:
    past = f"{root[0]}י{root[1:]}"
    yield from _past(past)
    yield from _future("", root)
    yield from (f"מ{root}{ending}" for ending in _PARTICIPLE)
    yield from (f"ל{root}", f"{root[:-1] if len(root) == 4 else f'{root[0]}י{root[1]}'}ו{root[-1]}")


def _pual(root: str) -> Iterator[str]:
    passive = f"{root[0]}ו{root[1:]}"
    yield from _past(passive)
    yield from _future("", passive)
    yield from (f"מ{passive}{ending}" for ending in _PARTICIPLE)


def _hifil(root: str) -> Iterator[str]:
    long, short = f"{root[:-1]}י{root[-1]}", root
    yield from (f"ה{long}{ending}" for ending in ("", "ה", "ו"))
    yield from (f"ה{short}{ending}" for ending in ("תי", "ת", "נו", "תם", "תן"))
    yield from _future("", long)
    yield from (f"מ{long}{ending}" for ending in ("", "ה", "ים", "ות"))
    yield from (f"לה{long}", f"ה{short}ה")


def _hitpael(root: str) -> Iterator[str]:
    reflexive = _with_t(root)
    yield from _past(f"ה{reflexive}")
    yield from _future("", reflexive)
    yield from (f"מ{reflexive}{ending}" for ending in _PARTICIPLE)
    yield from (f"לה{reflexive}", f"ה{reflexive}ות", f"ה{reflexive}ו", f"ה{reflexive}י")


def _noun(word: str) -> Iterator[str]:
    """A noun with a plural in -ים."""
    yield word
    yield from (word + ending for ending in _POSSESSED)
    yield f"{word}ים"
    yield from (word + ending for ending in _POSSESSED_PLURAL if ending)


def _feminine(word: str) -> Iterator[str]:
    """A noun that ends in -ה, with a plural in -ות."""
    stem = word.removesuffix("ה")
    yield from (word, f"{stem}ת", f"{stem}ות")
    yield from (f"{stem}ת{ending}" for ending in _POSSESSED)
    yield from (f"{stem}ות{ending}" for ending in _POSSESSED_PLURAL if ending)


def _adjective(word: str) -> Iterator[str]:
    yield from (word + ending for ending in _ADJECTIVE)


def _past(base: str) -> Iterator[str]:
    yield from (base + ending for ending in _PAST)


def _future(link: str, base: str, long: str = "") -> Iterator[str]:
    for prefix, ending in _FUTURE:
        yield f"{prefix}{link}{base}{ending}"
        if long and not ending:
            yield f"{prefix}{link}{long}"


def _with_t(root: str) -> str:
    """The root with the ת of hitpa'el, which comes after a first ס, ש, ז or צ and agrees with it."""
    links = {"ס": "ת", "ש": "ת", "ז": "ד", "צ": "ט"}
    return f"{root[0]}{links[root[0]]}{root[1:]}" if root[0] in links else f"ת{root}"


_PATTERNS = {
    "paal": _paal,
    "nifal": _nifal,
    "piel": _piel,
    "pual": _pual,
    "hifil": _hifil,
    "hitpael": _hitpael,
    "noun": _noun,
    "feminine": _feminine,
    "adjective": _adjective,
}
