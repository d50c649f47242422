"""Delivery tags of a script, such as `[reassuring]` and `[pause]`: a fixed vocabulary."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "tags.toml"
TAG = re.compile(r"\[([^\[\]\n]{1,80})\]")
"""A tag as it stands in a script."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Manner of speaking: `rate` and `pitch` as values of SSML's `prosody`."""

    rate: str
    pitch: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pauses in milliseconds, manners, and synonyms."""

    pauses: dict[str, int]
    manners: dict[str, Manner]
    meant: dict[str, str]

    @property
    def tags(self) -> list[str]:
        """All tags, by name."""
        return sorted([*self.pauses, *self.manners])

    def find(self, said: str) -> str | None:
        """The tag for a text in brackets; None where it is none."""
        if len(said) > _LONGEST:
            return None
        plain = " ".join(re.sub(r"[^a-z ]", " ", said.casefold()).split())
        for word in (plain, plain.removesuffix("ly"), plain.removeprefix("in a ").removesuffix(" tone")):
            if word in self.pauses or word in self.manners:
                return word
            if word in self.meant:
                return self.meant[word]
        first, _, rest = plain.partition(" ")
        return self.find(first) if rest and len(rest.split()) < 3 and first not in _NO_MANNER else None


_LONGEST = 80
_NO_MANNER = frozenset({"break", "silence", "thinking"})


@cache
def vocabulary() -> Vocabulary:
    """The built-in vocabulary."""
    with _FILE.open("rb") as file:
        given = tomllib.load(file)
    return Vocabulary(
        pauses=given["pauses"],
        manners={name: Manner(**values) for name, values in given["manners"].items()},
        meant=given["meant"],
    )


def strip_tags(text: str) -> str:
    """`text` without its tags."""
    return " ".join(TAG.sub(" ", text).split())
