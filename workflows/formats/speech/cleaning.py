"""What is no speech in a script, and how a sentence of it is cleaned: patterns and small functions. Pure."""

import re

from workflows.formats.speech.spoken import spell_out
from workflows.formats.speech.tags import TAG, vocabulary

_RULE = re.compile(r"^(?:[-*_=~]{3,}|`{3}\w*|\|[-|: ]+)$")
_LINE_MARK = re.compile(r"^(?:>\s*|[-*+•]\s+|\d{1,2}[.)]\s+)+")
_HEADING = re.compile(r"^#{1,6}\s*")
_PREAMBLE = re.compile(
    r"^(?:(?:sure|certainly|of course|absolutely|great|okay|ok|alright)\b(?:[,!.]\s*)?$"
    r"|(?:sure|certainly|of course|absolutely)[,!.—–-]\s+(?:here|i)\b.*"
    r"|(?:here(?:'s|’s| is| are)|below is|this is|the following is)\b.{0,120}?"
    r"\b(?:script|section|dialogue|dialog|version|rewrite|conversation|segment|draft)\b.*"
    r"|as requested\b.*)$",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^[*_(\[]{0,3}(?:let me know (?:if|whether)\b|i hope (?:this|that|you)\b|would you like me\b"
    r"|feel free to (?:ask|let)\b|(?:total )?word ?count\b|words?: \d+"
    r"|end of (?:the )?(?:script|section|part|scene|lesson|segment|episode)\b|(?:the )?end[.!]?[\])]?$|to be continued"
    r"|(?:sfx|fx|music|sound|sound effects?|audio|ambience|cue|visual|graphic)\s*[:–—-]"
    r"|(?:intro|outro|theme) music\b|(?:scene|section|part|act|segment)\s+\d+\s*(?:[:.–—-]|$)|(?:int|ext)\.\s"
    r"|cut to\b|fade (?:in|out)\b|(?:stage|production|director's|narration|script) (?:direction|note)s?\b"
    r"|note(?: to (?:the )?(?:producer|editor|actor|voice)\b|: (?:this|the) script\b)|characters?:\s|setting:\s"
    r"|(?:estimated )?(?:duration|run ?time|reading time):\s)",
    re.IGNORECASE,
)
# What somebody does instead of saying: "(laughs softly)", but not "(laughing or coughing)".
_STAGE = re.compile(
    r"(?:(?:she|he|they|the doctor|the patient|doctor|patient|both|\w+ly) )?"
    r"(?:(?:laughs|laughter|chuckles?|giggles|smiles|nods|sighs?|gasps|pauses|applause|fades|gestures|shrugs|coughs"
    r"|clears (?:his |her |their )?throat|turns to|leans|looks|footsteps|inaudible|crosstalk|sfx|off-?screen"
    r"|voice-?over|v\.?o\.)(?: \S+){0,4}"
    r"|(?:laughing|chuckling|giggling|smiling|nodding|sighing|gesturing)(?: \w+ly)?"
    r"|(?:\w+ ){0,3}(?:music|sound effects?|jingle)(?: \w+){0,3})\.?",
    re.IGNORECASE,
)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")
_BRACKETED = re.compile(r"\[([^\[\]\n]*)\]")
_ASIDE = re.compile(r"\(([^()\n]*)\)")
_STARRED = re.compile(r"(?<![\w*])\*([^*\n]{1,60})\*(?![\w*])")
_EMPHASIS = re.compile(r"\*{2,}|_{2,}|`+|~~|(?<!\w)[*_](?=\w)|(?<=[\w.,!?])[*_](?!\w)|(?<!\d)\*|\*(?!\s?\d)")
_AGAIN = re.compile(r"(\[[^\[\]\n]+\])(?:\s*\1)+")
_SPACE = re.compile(r"[ \u00a0]+")
_LOOSE = re.compile(r" (?=[,.;:!?](?:\s|$))")


def is_rule(line: str) -> bool:
    """Whether it is a line of signs: a rule, a fence, the head of a table."""
    return _RULE.match(line) is not None


def strip_line_marks(line: str) -> tuple[str, bool]:
    """The line without a list's or a quotation's mark, and whether it is a heading."""
    line = _LINE_MARK.sub("", line, count=1)
    plain = _HEADING.sub("", line, count=1)
    return plain, plain != line


def is_preamble(text: str) -> bool:
    """Whether it only says that a script follows: "Sure! Here's the dialogue:"."""
    return _PREAMBLE.match(text) is not None


def is_chatter(line: str) -> bool:
    """Whether a line without a label is about the script instead of in it."""
    if _CHATTER.match(line) is not None:
        return True
    inside = re.fullmatch(r"[(*_]+([^()*_\n]+)[)*_]+\.?", line)
    return inside is not None and vocabulary().find(inside[1]) is None and _is_stage(inside[1])


def clean_words(text: str, language: str, *, is_start: bool) -> str:
    """A sentence as it is to be spoken; tags of the vocabulary stay, at their places.

    `is_start`: it begins a turn, where words in round brackets are a manner rather than an aside.
    """
    text = _LINK.sub(lambda found: found[1], text)
    text = _BRACKETED.sub(lambda found: _tag(found[1]), text)
    text = _STARRED.sub(lambda found: _starred(found[1]), text)
    text = _ASIDE.sub(lambda found: _aside(found, is_start=is_start), text)
    text = _EMPHASIS.sub("", text).replace("|", ",")
    known = vocabulary().tags
    text = "".join(
        part if part[1:-1] in known else _spell(part, language)
        for part in re.split(r"(\[[^\[\]\n]+\])", text)
    )
    text = _AGAIN.sub(r"\1", _SPACE.sub(" ", _EMPHASIS.sub("", text)))
    return _LOOSE.sub("", text).strip()


def _spell(part: str, language: str) -> str:
    part = part.replace("[", "").replace("]", "")
    return spell_out(part) if language == "en" else part


def _tag(said: str) -> str:
    tag = vocabulary().find(said)
    return f" [{tag}] " if tag is not None else " "


def _starred(said: str) -> str:
    tag = vocabulary().find(said)
    if tag in vocabulary().pauses:
        return f" [{tag}] "
    return " " if _is_stage(said) else said


def _aside(found: re.Match[str], *, is_start: bool) -> str:
    said = found[1].strip()
    tag = vocabulary().find(said)
    stands_first = is_start and not TAG.sub("", found.string[: found.start()]).strip(" *_")
    if tag is not None and (stands_first or tag in vocabulary().pauses or said.endswith("ly")):
        return f" [{tag}] "
    return " " if _is_stage(said) else found.group()


def _is_stage(said: str) -> bool:
    return _STAGE.fullmatch(said.strip(" .*_")) is not None
