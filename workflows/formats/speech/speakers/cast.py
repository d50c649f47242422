"""Cast of a script, and the resolution of names to its speakers. Pure."""

from collections.abc import Iterator, Mapping

from workflows.formats.speech.speakers.names import (
    fold,
    given_names,
    has_capitals,
    is_capitalised,
    role_words,
)

_MOST_WORDS = 6
_AND = frozenset({"and", "und", "et", "y", "e", "и", "와", "ו", "و", "和"})
_ZEROS = frozenset({"0", "00"})
_BY_NAME = 3
"""Letters of a name that its short form has at least: "Alex" for "Alexandra"."""


class Cast:
    """The speakers of a script. Names are compared without case, accents and signs.

    `labels`: as they stand in the finished script, in the order of their numbers ("Speaker 1" is the first).
    `called`: other names, in lower case. `roles`: who of them is the lead, the expert …, as in `roles.toml`.
    `are_persons`: the labels are names of persons, so parts of them and titles mean them too.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        called: Mapping[str, str] | None = None,
        roles: Mapping[str, str] | None = None,
        *,
        are_persons: bool = False,
    ) -> None:
        self.labels = labels
        self._called = {fold(name): label for name, label in (called or {}).items()}
        self._roles = dict(roles or {})
        self._are_persons = are_persons
        self._spelled = {label.casefold(): label for label in labels}
        self._own = {fold(label): label for label in reversed(labels)}
        if are_persons:
            self._own = {**dict(_parts(labels)), **self._own}
        self._first_seat = 1
        self._beginnings = self._list_beginnings()

    def find(self, name: str) -> str | None:
        """The label that `name` refers to; None for nobody's."""
        key = fold(name)
        words = key.split()
        if not words or len(words) > _MOST_WORDS:
            return None
        return (
            self.find_exact(name)
            or self._called.get(key)
            or self._find_titled(words, name)
            or self._find_together(words)
            or self._find_beside_role(words, name)
            or self._find_short(words)
            or self._find_role(key)
        )

    def find_exact(self, name: str) -> str | None:
        """The label of a speaker's exact name or number, which can be recognised in the middle of a line."""
        key = fold(name)
        if (label := self._spelled.get(name.strip().casefold()) or self._own.get(key)) is not None:
            return label
        words = key.split()
        seat = self._seat(words)
        if seat is not None and seat < len(self.labels):
            return self.labels[seat]
        if len(words) > 1 and words[0] in role_words().titles and is_capitalised(name):
            return self._own.get(" ".join(words[1:])) if self._are_persons else None
        return None

    def is_named(self, name: str) -> bool:
        """Whether it is a speaker's own name, not a number or a role."""
        return fold(name) in self._own

    def may_begin(self, word: str, *, is_cut: bool = False) -> bool:
        """Whether a speaker's exact name can begin with `word`, so that more text has to be awaited.

        `is_cut`: more letters of the word may follow.
        """
        plain = fold(word).partition(" ")[0]
        return plain in self._beginnings or (
            is_cut and any(one.startswith(plain) for one in self._beginnings)
        )

    def note_number(self, name: str) -> None:
        """Counts speakers from 0 from here on, if `name` has that number: "SPEAKER_00"."""
        words = fold(name).split()
        if len(words) > 1 and words[-1] in _ZEROS:
            self._first_seat = 0

    def copy(self) -> "Cast":
        """A copy for one script, in which numbers may begin at 0."""
        return Cast(self.labels, self._called, self._roles, are_persons=self._are_persons)

    def role_of(self, name: str) -> str | None:
        """The speaker who stands in for a name outside the cast: by a title, else as any person."""
        titles = role_words().titles
        title = next((word for word in fold(name).split() if word in titles), None)
        return (self._roles.get(titles[title]) if title else None) or self._roles.get("person")

    def _seat(self, words: list[str]) -> int | None:
        known = role_words()
        if len(words) > 1 and words[-1] in _ZEROS and " ".join(words[:-1]) in known.numbered:
            return 0
        seat = known.seat(words)
        is_number = seat is not None and words[-1].isdecimal()
        return seat + 1 - self._first_seat if seat is not None and is_number else seat

    def _find_titled(self, words: list[str], name: str) -> str | None:
        """The speaker of "Dr. Levi", but none of "Dr. Levi said" or "Patient advice"."""
        titles = role_words().titles
        rest = [word for word in words if word not in titles]
        if len(rest) == len(words):
            return None
        if (label := self._own.get(" ".join(rest))) is not None:
            return label
        title = next(word for word in words if word in titles)
        is_name = len(rest) <= (2 if has_capitals(name) else 1) and is_capitalised(name)
        if self._are_persons or not is_name or words[0] not in titles:
            return None
        if title in role_words().roles and role_words().no_names.intersection(rest):
            return None
        return self._called.get(title) or self._roles.get(titles[title])

    def _find_together(self, words: list[str]) -> str | None:
        """The first of several simultaneous speakers: "Both", "Ada and Ben"."""
        if " ".join(words) in role_words().everyone:
            return self.labels[0]
        named = [self._own.get(word) for word in words if word not in _AND]
        return named[0] if len(named) > 1 and None not in named and len(set(named)) > 1 else None

    def _find_beside_role(self, words: list[str], name: str) -> str | None:
        """The speaker of "Host Ada", "Ada (the host)", "Ada Lovelace"."""
        if not self._are_persons:
            return None
        named = {label for word in words if (label := self._own.get(word)) is not None}
        if len(named) != 1:
            return None
        is_role = role_words().is_role
        others = [word for word in words if word not in self._own and not is_role(word)]
        is_surname = (
            len(others) == 1
            and others[0].isalpha()
            and len(words) < 4
            and has_capitals(name)
            and is_capitalised(name)
        )
        return named.pop() if not others or is_surname else None

    def _find_short(self, words: list[str]) -> str | None:
        """The speaker of "Alex" for "Alexandra", or of a longer given name: "Benjamin" for "Ben"."""
        if not self._are_persons or len(words) != 1 or len(words[0]) < _BY_NAME:
            return None
        [word] = words
        meant = {
            label
            for own, label in self._own.items()
            if len(own) >= _BY_NAME
            and (own.startswith(word) or (word.startswith(own) and word in given_names()))
        }
        return meant.pop() if len(meant) == 1 else None

    def _find_role(self, key: str) -> str | None:
        meant = role_words().roles.get(key, ())
        return next((label for role in meant if (label := self._roles.get(role)) is not None), None)

    def _list_beginnings(self) -> frozenset[str]:
        known = role_words()
        words = [*self._own, *known.numbered, "first", "second", *(known.titles if self._are_persons else ())]
        return frozenset(word.split()[0] for word in words)


def _parts(labels: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The words of a name that no other name has."""
    for label in labels:
        others = {word for other in labels if other != label for word in fold(other).split()}
        for word in fold(label).split():
            if len(word) > 1 and word not in others and not role_words().is_role(word):
                yield word, label
