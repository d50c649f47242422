"""Names of speakers, compared as people compare them, and words that stand for a name. Pure."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_QUOTES = str.maketrans("", "", "'’‘`´\"״׳")
_SIGNS = re.compile(r"[^\w]+|_+")
_JOINT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=[a-z])")
_CAUTIONS = frozenset({"attention", "caution", "danger", "important", "note", "remember", "tip", "warning"})
_TURNS_OF_QUESTIONS = frozenset({"asks", "answers"})
_LONGEST = 60


def fold(name: str) -> str:
    """`name` folded for comparison: lower case, no accents, points, quotes or signs, "host1" as two words."""
    plain = unicodedata.normalize("NFKD", name[: 2 * _LONGEST])
    plain = "".join(sign for sign in plain if unicodedata.category(sign) not in ("Mn", "Cf"))
    plain = unicodedata.normalize("NFKC", plain).casefold().translate(_QUOTES)
    return " ".join(_JOINT.sub(" ", _SIGNS.sub(" ", plain)).split())


def is_capitalised(name: str) -> bool:
    """Whether none of its words begins with a small letter; scripts without capitals have none."""
    return not any(word[0].islower() for word in name.split())


def has_capitals(name: str) -> bool:
    """Whether its script has capital letters."""
    return any(sign.isupper() for sign in name)


@dataclass(frozen=True, slots=True)
class RoleWords:
    """Words for speakers who aren't called by name."""

    numbered: frozenset[str]
    seats: Mapping[str, int]
    everyone: frozenset[str]
    roles: Mapping[str, tuple[str, ...]]
    """Of a word, the roles that it may mean."""
    titles: Mapping[str, str]
    """Of what stands before a name, the role of its bearer."""
    no_names: frozenset[str]
    """What stands after such a word and is no name."""

    def seat(self, words: list[str]) -> int | None:
        """The index (from 0) of a speaker such as "host 1" or "second speaker"; None for other words."""
        if len(words) > 1 and words[-1] in self.seats and " ".join(words[:-1]) in self.numbered:
            return self.seats[words[-1]]
        if len(words) == 2 and words[0] in self.seats and words[1] in self.numbered:
            return self.seats[words[0]]
        if len(words) == 1 and words[0][-1] in self.seats and words[0][:-1] in self.numbered:
            return self.seats[words[0][-1]] if not words[0].isascii() else None
        return None

    def is_role(self, word: str) -> bool:
        """Whether it is a role instead of a name."""
        return word in self.roles or word in self.titles or word in self.numbered or word in self.seats


@cache
def role_words() -> RoleWords:
    """The built-in role words."""
    with (_FOLDER / "roles.toml").open("rb") as file:
        table = tomllib.load(file)
    roles: dict[str, tuple[str, ...]] = {}
    for role, words in table["roles"].items():
        for word in map(fold, words):
            roles[word] = (*roles.get(word, ()), role)
    return RoleWords(
        numbered=frozenset(map(fold, table["numbered"])),
        seats={fold(word): seat for seat, words in enumerate(table["seats"]) for word in words},
        everyone=frozenset(map(fold, table["everyone"])),
        roles=roles,
        titles={fold(word): role for role, words in table["titles"].items() for word in words},
        no_names=frozenset(map(fold, table["no_names"])),
    )


@cache
def given_names() -> frozenset[str]:
    """The built-in given names, folded."""
    lines = (_FOLDER / "given_names.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def is_person_name(name: str) -> bool:
    """Whether a name outside the cast is a person's: a role, a title with a name, a given name."""
    words = fold(name).split()
    if not words or len(words) > 4 or not is_capitalised(name) or words[0] in _CAUTIONS:
        return False
    known = role_words()
    key = " ".join(words)
    is_role = not _TURNS_OF_QUESTIONS.issuperset(known.roles.get(key, _TURNS_OF_QUESTIONS))
    if is_role or key in known.everyone or known.seat(words) is not None:
        return len(key) > 1
    if words[0] in known.titles and len(words) > 1:
        return not known.no_names.intersection(words) and (has_capitals(name) or len(words) == 2)
    is_numbered = words[-1].isdecimal() and len(words) > 1 and " ".join(words[:-1]) in known.numbered
    return is_numbered or (words[0] in given_names() and len(words) < 4 and all(map(str.isalpha, words)))
