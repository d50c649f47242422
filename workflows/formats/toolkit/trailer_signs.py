"""Marks of three equals signs (`=== NOTES ===`) at the beginning of a text that is still coming. Pure."""

import re
from collections.abc import Callable
from typing import NamedTuple

from workflows.formats.toolkit.trailer_lines import NAMES

SIGN = "==="
_WORD = r"A-Za-zÀ-ÿא-תА-яء-ي"
_SPACE = r" \t\u00a0\u200e\u200f"
_MARK = re.compile(
    rf"={{3,40}}[{_SPACE}*#_]{{0,8}}([{_WORD}]{{0,20}}\d{{0,4}})[{_SPACE}*#_:]{{0,8}}(={{0,40}})[{_SPACE}]{{0,8}}"
)
_PHRASE = re.compile(
    rf"={{3,40}}[{_SPACE}*#_:]{{0,8}}(?P<words>[{_WORD}][{_WORD}{_SPACE}'’-]{{0,60}})[{_SPACE}*#_:]{{0,8}}={{2,40}}"
    rf"[{_SPACE}]{{0,8}}"
)
"""A mark of several words: `=== NOTES FOR LATER SECTIONS ===`."""
_MAY_BE_PHRASE = re.compile(
    rf"={{3,40}}[{_SPACE}*#_:]{{0,8}}"
    rf"(?:[{_WORD}][{_WORD}{_SPACE}'’-]{{0,60}}[{_SPACE}*#_:]{{0,8}}={{0,40}}[{_SPACE}]{{0,8}})?"
)
_LONGEST = 140
"""Characters that a mark may have."""
_ENDS = ("end", "סוף", "ende", "fin", "fine")


class SignedMark(NamedTuple):
    """Mark at the beginning of a text: where it ends, whether notes follow it, and whether it is a `label`'s line: who
    speaks."""

    end: int
    begins_notes: bool
    label: str = ""


def read_mark(text: str, is_label: Callable[[str], bool], *, is_last: bool) -> SignedMark | None:
    """The mark that `text`, which begins with the sign, begins with; None while more of it is needed. `is_label`:
    whether a name in it says who speaks."""
    if len(text) < _LONGEST and not is_last and _MAY_BE_PHRASE.fullmatch(text):
        return None
    phrase = _PHRASE.match(text)
    words = phrase["words"].casefold().split() if phrase else []
    if phrase and not {*NAMES}.isdisjoint(words):
        return SignedMark(phrase.end(), words[0] not in _ENDS)
    if phrase and is_label(name := " ".join(phrase["words"].split())):
        return SignedMark(phrase.end(), False, name)
    mark = _MARK.match(text)
    assert mark is not None
    if mark.end() == len(text) and len(text) < _LONGEST and not is_last:
        return None
    name = mark[1].casefold()
    # Of one that breaks off with the reply, a letter is enough.
    is_ours = any(one.startswith(name) for one in NAMES if name) and (
        len(name) > 1 or mark.end() == len(text)
    )
    # Of another mark its name goes too; signs without a second row of them are a rule, and no mark.
    return SignedMark(mark.end() if is_ours or mark[2] or not name else mark.start(1), is_ours)
