"""Lines at the border of a section's text and the notes below it, told apart by how they begin. Pure."""

import re

LEAD = 48
"""Characters of a line, without the spaces before it, by which it is told."""
LONGEST_MARK = 120
_NAMES = ("notes", "הערות", "רשימות")
"""Of one note a text may well speak."""
_SIGNS = r" \t*#_=~<>\[\](){}|-"
_DRESS = f"[{_SIGNS}]"
_MARK = re.compile(
    rf"(?P<open>{_DRESS}{{0,16}})(?P<name>{'|'.join(_NAMES)})(?P<whose>(?: for\b| ל)[^\n:.,!?*=#]{{0,60}})?"
    rf"(?P<close>[:{_SIGNS}]{{0,16}})",
    re.IGNORECASE,
)
_MAY_BE = re.compile(
    rf"{_DRESS}{{0,16}}(?:{'|'.join(_NAMES)})(?: [^\n:.,!?*=#]{{0,60}})?[:{_SIGNS}]{{0,16}}", re.IGNORECASE
)
_INLINE = re.compile(
    rf"{_DRESS}{{0,16}}(?P<name>{'|'.join(_NAMES)})[*_\]) ]{{0,6}}:[*_\]) ]{{0,6}}", re.IGNORECASE
)
_CLOSING = re.compile(rf"[<\[{{(]/(?:{'|'.join(_NAMES)})[>\]}})]", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•·]|\d{1,2}[.)](?!\d))(?:\s|$)|[-•·](?=\S)")
_DASH = re.compile(r"[–—]")
_SPEECH = re.compile(r"[–—\"“”„«»'‘]|[A-Z][A-Z .'’-]{1,30}: ")
_HEADING = re.compile(r"(?:\*\*|__)?[^\n.!?:]{1,40}:?(?:\*\*|__)?:?")


def is_mark(line: str) -> bool:
    """Whether a line says that notes follow, whatever it is dressed in: `**NOTES**`, `### Notes`, `NOTES:`."""
    found = _MARK.fullmatch(line.rstrip("\r")) if len(line) <= LONGEST_MARK else None
    if found is None:
        return False
    signs = found["open"].strip(), found["close"].strip()
    is_dressed = len(signs[0]) > 1 or signs[0] in ("#", "[", "(", "<", "_", "*") or ":" in signs[1]
    return is_dressed or (found["name"].isupper() and found["whose"] is None and not signs[0])


def ends_notes(line: str) -> bool:
    """Whether a line closes the notes as a tag does: `</notes>`."""
    return len(line) <= LONGEST_MARK and _CLOSING.fullmatch(line.rstrip()) is not None


def inline_mark(line: str) -> int:
    """The end of a mark that a line of notes begins with (`NOTES: - Mia.`); 0 where it has none."""
    found = _INLINE.match(line)
    if found is None:
        return 0
    has_signs = re.search(r"\*\*|__|##|==|\[", found.group()) is not None
    lists = _BULLET.match(line, found.end()) is not None
    return found.end() if has_signs or lists or found["name"].isupper() else 0


def may_be_mark(start: str) -> bool:
    """Whether a line that begins so may still become one."""
    text = start.lstrip(" \t*#_=~<>[](){}|-")
    if len(start) > LONGEST_MARK or len(start) - len(text) > 20:
        return False
    folded = text.casefold()
    if any(name.startswith(folded) for name in _NAMES):
        return True
    return _MAY_BE.fullmatch(start) is not None or inline_mark(start) == len(start)


def is_note(lead: str, *, is_first: bool, in_prose: bool, after_blank: bool) -> bool:
    """Whether a line below a mark is one of the notes. `lead`: how it begins, with the spaces before it.

    Notes are asked for as a list. The first may be prose, and then so may all up to a blank line; a dash is a note only
    among others with no blank line between, and speech is none.
    """
    text = lead.strip()
    if _BULLET.match(text):
        return True
    if _DASH.match(text):
        return is_first or (in_prose and not after_blank)
    if len(text) < LEAD and text.endswith(":") and _HEADING.fullmatch(text):
        return True
    if _SPEECH.match(text):
        return False
    if is_first:
        return True
    return not after_blank and (in_prose or text[:1].islower() or lead.startswith(("  ", "\t")))


def is_list_item(lead: str) -> bool:
    """Whether a line begins as an item of a list does."""
    return _BULLET.match(lead.strip()) is not None
