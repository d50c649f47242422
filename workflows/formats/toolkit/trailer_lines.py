"""Lines at the border of a section's text and the notes below it, told apart by how they begin. Pure."""

import re
from collections.abc import Callable

LEAD = 48
"""Characters of a line, without the spaces before it, by which it is told."""
LONGEST_MARK = 120
NAMES = ("notes", "notizen", "notas", "notities", "appunti", "הערות", "רשימות", "заметки", "ملاحظات")
"""Of one note a text may well speak."""
_NAME = "|".join(NAMES)
_KINDS = (
    "section|scene|chapter|story|continuity|internal|hidden|handover|running|writer'?s|author'?s|editor'?s"
)
_SIGN = r"[^\w\s.,;:?!'‘’\"“”„«»&@$€£%/]"
"""A sign that may dress a mark: no letter, no sign of a sentence, no quotation mark."""
_DRESS = rf"(?:<!--)?(?:{_SIGN}|[ \t_]){{0,16}}(?:-->)?"
_MARK = re.compile(
    rf"(?P<open>{_DRESS}(?:\d{{1,2}}\. )?)(?:(?P<kind>{_KINDS}) )?(?P<name>{_NAME})"
    rf"(?P<whose>(?: (?:for|to|de|pour|für|para|per)\b| ל)[^\n:.,!?*=#]{{0,60}})?"
    rf"(?P<close>(?::|[ \t_]|{_SIGN}){{0,16}}(?:-->)?)",
    re.IGNORECASE,
)
_TAG = re.compile(
    rf"<(?:{_NAME})\b[^<>\n]{{0,80}}>|[\[{{(](?:{_NAME})[\]}})]|"
    rf"<summary>\s{{0,4}}(?:{_NAME})\b[^<>\n]{{0,40}}</summary>",
    re.IGNORECASE,
)
_MAY_BE_TAG = re.compile(rf"<(?:{_NAME})\b[^<>\n]{{0,80}}|<su[^\n]{{0,90}}", re.IGNORECASE)
_MAY_BE = re.compile(
    rf"{_DRESS}(?:\d{{1,2}}\. )?(?:(?:{_KINDS}) )?(?:{_NAME})(?: [^\n:.,!?*=#]{{0,60}})?"
    rf"(?::|[ \t_]|{_SIGN}){{0,16}}(?:-->)?",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    rf"(?:<!?-{{0,2}})?(?:{_SIGN}|[ \t_]){{0,20}}(?:\d{{1,2}}(?:\. ?)?)?(?:(?:{_KINDS}) )?", re.IGNORECASE
)
_FIRST_WORDS = (*NAMES, *_KINDS.replace("'?", "").split("|"), *(f'"{name}": ' for name in NAMES))
_INLINE = re.compile(
    rf"{_DRESS}(?:(?P<kind>{_KINDS}) )?(?P<name>{_NAME})(?P<whose>(?: (?:for|to)\b| ל)[^\n:.,!?*=#]{{0,60}})?"
    rf"[*_\]) ]{{0,6}}:[*_\]) ]{{0,6}}|\{{\s?\"(?P<key>{_NAME})\"\s?:\s?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:\d{1,2}\. )?[\w '’]+:?")
_STRONG = re.compile(r"\*\*|__|##|==|\[|\(|<!--|[—–━═★]|\A[ \t]{0,4}(?:\*[^*]{1,80}\*|_[^_]{1,80}_)")
_CLOSING = re.compile(rf"[<\[{{(]/(?:{_NAME}|details)(?:-\w{{1,20}})?[>\]}})]|-->", re.IGNORECASE)
_HALF = re.compile(r"(?:<!|#|\*|\[|—|–|-|=|~|_)[^\w\n]{0,12}(?:NOTE?|הערו)|<!--?")
"""What a reply may end with in the midst of a mark."""
_FRAME = re.compile(
    r"[ \t]{0,3}(?:(?:`{3,8}|~{3,8})[\w-]{0,12}|[-*_~]{3,80}|[—–―─━═]{2,80}|(?:[*-] ){2,40}[*-]|<details>)[ \t]{0,8}"
)
_MAY_BE_FRAME = re.compile(
    r"[ \t]{0,3}(?:[`~]{1,8}[\w-]{0,12}|[-*_~ —–―─━═]{1,81}|<d?e?t?a?i?l?s?>?)?[ \t]{0,8}", re.IGNORECASE
)
_LONGEST_FRAME = 92
_FENCE = re.compile(r"[ \t]{0,3}(?:`{3,8}|~{3,8})[\w-]{0,12}[ \t]{0,8}")
_FENCED = re.compile(rf"[ \t]{{0,3}}(?:`{{3,8}}|~{{3,8}})(?:{_NAME})[ \t]{{0,8}}", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•·]|\d{1,2}[.)](?!\d))(?:\s|$)|[-•·](?=\S)")
_DASH = re.compile(r"[–—]")
_SPEECH = re.compile(r"[–—\"“”„«»'‘]|[A-Z][A-Z .'’-]{1,30}: ")
_TURN = re.compile(r"([^\W\d_][^\n:.!?*]{0,30}): (\S)")
_DRESSED_TURN = re.compile(r"[*_\[(#>]{1,3} ?([^\W\d_][^\n:.!?*\])]{0,30}?)[*_\])]{0,3}:[*_\])]{0,3}\s")
_HEADING = re.compile(r"(?:\*\*|__)?[^\n.!?:]{1,40}:?(?:\*\*|__)?:?")
_LABELS = (
    "who|where|when|what|why|cast|characters?|people|appears|setting|place|state|status|mood|promise[sd]?|told|said"
    "|explained|numbers?|figures?|pictures?|images?|jokes?|facts?|threads?|open|left open"
    "|still open|so far|objects?|used|next|names?|points?|covered|examples?|events?|plot"
    "|system|user|assistant|developer|instructions?|remember"
    "|מי|איפה|היכן|מתי|מה|למה|דמויות|מקום|זמן|הבטחות?|הובטח|נאמר|הוסבר|מספרים|תמונות|בדיחות|עובדות|חפצים|פתוח"
    "|נשאר פתוח|המצב|שמות|מופיעים|להמשך"
)
_LABELLED = re.compile(
    rf"(?:\*\*|__)?(?:{_LABELS})(?: [^\n.!?:*]{{0,40}})?(?:\*\*|__)?:(?:\*\*|__)?\s",
    re.IGNORECASE,
)
"""A line of notes under a label, which no speaker is called by: "Where: the tower."."""


def is_mark(line: str) -> bool:
    """Whether a line says that notes follow, whatever it is dressed in: `**NOTES**`, `— Notes —`, `<!-- NOTES -->`."""
    if len(line) > LONGEST_MARK:
        return False
    line = line.strip("\r")
    if _TAG.fullmatch(line.strip()) or _FENCED.fullmatch(line):
        return True
    found = _MARK.fullmatch(line)
    if found is None:
        return False
    opening, closing = found["open"].strip(), found["close"].strip()
    is_dressed = (
        len(opening) > 1
        or opening in ("#", "[", "(", "<", "_", "*", ">")
        or ":" in closing
        or bool(opening and closing)
        or (not opening.isascii() and opening not in ("—", "–", "•", "·", ""))
    )
    return is_dressed or (_is_loud(found["name"]) and found["whose"] is None and not opening)


def is_plain(mark: str) -> bool:
    """Whether a mark is dressed in nothing but a colon or a number, so that it may be a line of the text itself: what
    stands on a door, on a sheet, on the cover of a book."""
    return _PLAIN.fullmatch(mark.strip()) is not None


def encloses(mark: str) -> bool:
    """Whether a mark opens what has an end of its own: a tag, a comment, a code fence."""
    return mark.lstrip(" \t").startswith(("<", "`", "~"))


def is_bare_mark(line: str) -> bool:
    """Whether a line is the name of notes and nothing else: below a rule, a mark."""
    return len(line) <= LONGEST_MARK and line.strip().casefold() in NAMES


def _is_loud(name: str) -> bool:
    """Whether it is in capitals, where its letters have any."""
    return name == name.upper()


def is_frame(line: str) -> bool:
    """Whether a line may frame the notes: a code fence, a rule, an opening tag."""
    return len(line) <= LONGEST_MARK and _FRAME.fullmatch(line.rstrip("\r")) is not None


def may_be_frame(start: str) -> bool:
    """Whether a line that begins so may still become one."""
    return len(start) <= _LONGEST_FRAME and _MAY_BE_FRAME.fullmatch(start) is not None


def is_fence(line: str) -> bool:
    """Whether a line is a code fence."""
    return _FENCE.fullmatch(line.rstrip("\r")) is not None


def ends_notes(line: str) -> bool:
    """Whether a line closes the notes as a tag does: `</notes>`, `-->`."""
    return len(line) <= LONGEST_MARK and _CLOSING.fullmatch(line.rstrip()) is not None


def is_half_mark(line: str) -> bool:
    """Whether a reply's last line breaks off in a mark."""
    return len(line) <= LONGEST_MARK and _HALF.fullmatch(line.strip()) is not None


def inline_mark(line: str) -> int:
    """The end of a mark that a line of notes begins with (`NOTES: - Mia.`); 0 where it has none."""
    found = _INLINE.match(line)
    if found is None:
        return 0
    if found["key"]:
        return found.end()
    has_signs = _STRONG.search(found.group()) is not None
    lists = _BULLET.match(line, found.end()) is not None
    return found.end() if has_signs or lists or found["name"].isupper() or found["kind"] else 0


def may_be_mark(start: str) -> bool:
    """Whether a line that begins so may still become one."""
    if len(start) > LONGEST_MARK:
        return False
    dress = _BEGINNING.match(start)
    rest = start[dress.end() if dress else 0 :].casefold()
    if any(first.startswith(rest) for first in _FIRST_WORDS):
        return True
    is_open = _MAY_BE.fullmatch(start) or _MAY_BE_TAG.fullmatch(start.strip())
    return is_open is not None or inline_mark(start) == len(start) > 0


def is_note(lead: str, *, is_first: bool, in_prose: bool, after_blank: bool) -> bool:
    """Whether a line below a mark is one of the notes. `lead`: how it begins, with the spaces before it.

    Notes are asked for as a list. The first may be prose, and then so may all up to a blank line; a dash is a note only
    among others with no blank line between, and speech is none, unless its label is one of notes.
    """
    text = lead.strip().lstrip("> ")
    if _BULLET.match(text) or lead.lstrip().startswith(">") or _LABELLED.match(text):
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


def is_speech(lead: str, is_label: Callable[[str], bool]) -> bool:
    """Whether a line is somebody's speech: it begins as speech does, with a speaker's name (`is_label`), or with what
    looks like one, `Ben: Yes`."""
    text = lead.strip()
    turn = _TURN.match(text)
    if is_turn(text, is_label) or _SPEECH.match(text):
        return True
    return turn is not None and turn[2].isupper()


def is_turn(lead: str, is_label: Callable[[str], bool]) -> bool:
    """Whether a line is the turn of somebody whose name `is_label`, however it is dressed: `**Ada:** Hm.`"""
    turn = _TURN.match(lead.strip()) or _DRESSED_TURN.match(f"{lead.strip()} ")
    return turn is not None and is_label(turn[1])


def is_list_item(lead: str) -> bool:
    """Whether a line begins as an item of a list does."""
    return _BULLET.match(lead.strip().lstrip("> ")) is not None
