"""Stage directions: notes on actions or manners beside the spoken words. Pure."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from workflows.formats.speech.tags import vocabulary

_FILE = Path(__file__).parent / "stage.toml"
_LONGEST = 120


def is_stage_direction(said: str) -> bool:
    """Whether `said`, from brackets or asterisks, is an action instead of speech: "laughs softly", "Ada sighs"."""
    return _matches(_plain(said), _patterns())


def is_manner(said: str) -> bool:
    """Whether it is a manner of speaking, or an action meanwhile: "warmly", "laughing"."""
    plain = _plain(said)
    return vocabulary().find(plain) is not None or _matches(plain, [*_patterns(), *_manners()])


def _matches(plain: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    return bool(plain) and any(pattern.fullmatch(plain) for pattern in patterns)


def _plain(said: str) -> str:
    if len(said) > _LONGEST:
        return ""
    plain = unicodedata.normalize("NFKD", said.casefold().replace("’", "'"))
    plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFKC", plain).strip(" .*_!…♪\"'“”")


@cache
def _table() -> dict[str, list[str]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _patterns() -> list[re.Pattern[str]]:
    table = _table()
    who = r"(?:(?:the |both |they |all )?[\w.'-]+(?: [a-z0-9])? )?"
    return [
        re.compile(rf"{who}{_either(table['acts'])}(?: \S+){{0,4}}"),
        re.compile(rf"(?:\w+ly |still |half )?{_either(table['alone'])}(?: \w+ly| to \S+)?"),
        re.compile(r"(?:\w{1,30} ){0,3}(?:music|sound effects?|jingle)(?: \w{1,30}){0,3}"),
        re.compile(rf"(?:\S+ )?{_either(table['others'])}(?: \S+)?"),
    ]


@cache
def _manners() -> list[re.Pattern[str]]:
    how = rf"(?:\w+ly |still |half |very |a bit )?{_either(_table()['manners'])}(?: \w+ly)?"
    return [re.compile(how), re.compile(r"(?:\w{1,30} ){0,2}\w{2,30}ly")]


def _either(words: Iterable[str]) -> str:
    longest_first = sorted({_plain(word) for word in words}, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})"
