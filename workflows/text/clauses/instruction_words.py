"""English words by which a clause is read as an instruction. Pure."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflows.text.stems import stem

_FILE = Path(__file__).parent / "instructions.toml"


@dataclass(frozen=True, slots=True)
class InstructionWords:
    """The words of the table, by what they do in an instruction. `ending_stems`: the stems of `ending`."""

    fillers: frozenset[str]
    subjects: frozenset[str]
    modals: frozenset[str]
    openers: frozenset[str]
    actions: frozenset[str]
    breaks: frozenset[str]
    purposes: frozenset[str]
    limits: frozenset[str]
    narrowing: frozenset[str]
    ending: frozenset[str]
    ending_stems: frozenset[str]
    denying: frozenset[str]
    manner: frozenset[str]
    doses: frozenset[str]
    determiners: frozenset[str]


@cache
def instruction_words() -> InstructionWords:
    """The table."""
    with _FILE.open("rb") as file:
        given = {name: frozenset(words.split()) for name, words in tomllib.load(file).items()}
    return InstructionWords(
        **given,
        openers=given["subjects"] | given["modals"] | given["determiners"],
        ending_stems=frozenset(map(stem, given["ending"])),
    )
