"""Lines of a reply that are about the script, not in it: headings, rules, offers, lists of sources. Pure."""

import re

from workflows.formats.speech.signs import TIMES
from workflows.formats.speech.stage import is_stage_direction
from workflows.formats.speech.tags import vocabulary

_LONGEST = 400
_RULE = re.compile(r"(?:[-*_=~#]{2,}|(?:[-*_=] ?){3,}|\|[-|:+ ]+|\d{1,4}|[{}\[\](),\s]+)")
_FENCE = re.compile(r"(?:`{3,}|~{3,})\s*([\w+#.-]{0,30})")
_TIMING = re.compile(rf"{TIMES}|WEBVTT.*")
# fmt: off
_SCRIPTS = frozenset({
    "", "text", "txt", "plaintext", "plain", "markdown", "md", "script", "dialogue", "transcript", "fountain", "xml",
    "ssml", "html", "vtt", "srt",
})
# fmt: on
_LINE_MARK = re.compile(r"(?:>\s*|[-*+•]\s+|\d{1,2}[.)]\s+){1,8}")
_HEADING = re.compile(r"#{1,6}\s*")
_BOLD = re.compile(r"(\*\*|__)[^*_]{1,120}\1:?|\*\*[^*]{0,118}[^*.!?…]\*\*")
_TABLE_HEAD = re.compile(
    r"\|?\s{0,3}(?:#|no\.?|time(?:stamp|code)?|speaker|host|character|name|role|who)\s*\|.{0,200}"
    r"\b(?:text|line|lines|dialogue|speech|script|words|content)\b.*",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(
    r"(?:(?:sure|certainly|of course|absolutely|great|okay|ok|alright)\b(?:[,!.]\s*)?"
    r"|(?:sure|certainly|of course|absolutely)[,!.—–-]\s+(?:here|i)\b.*"
    r"|(?:here(?:'s|’s| is| are)|below is|this is|the following is)\b.{0,120}?"
    r"\b(?:script|section|dialogue|dialog|version|rewrite|conversation|segment|draft)\b.*"
    r"|as requested\b.*)",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"[*_(\[]{0,3}(?:let me know (?:if|whether)\b"
    r"|i hope (?:this|that) (?:helps?|works|meets|script|version|fits|captures)\b"
    r"|i hope you (?:like|enjoy(?:ed)?) (?:this|the) (?:script|version)\b"
    r"|would you like me\b|feel free to (?:ask|let)\b|(?:total )?word ?count\b|words?: \d+"
    r"|end of (?:the )?(?:script|section|part|scene|lesson|segment|episode)\b|(?:the )?end[.!]?[\])]?$|to be continued"
    r"|(?:sfx|fx|music|sound|sound effects?|audio|ambience|cue|visual|graphic)\s*[:–—-]"
    r"|(?:intro|outro|theme) music\b|(?:scene|section|part|act|segment)\s+\d+\s*(?:[:.–—-]|$)|(?:int|ext)\.\s"
    r"|cut to\b|fade (?:in|out)\b|(?:stage|production|director's|narration|script) (?:direction|note)s?\b"
    r"|note(?: to (?:the )?(?:producer|editor|actor|voice)\b|: (?:this|the) script\b)|characters?:\s|setting:\s"
    r"|(?:estimated )?(?:duration|run ?time|reading time):\s)",
    re.IGNORECASE,
)
_FACTS_OF_SCRIPT = re.compile(
    r"[*_]{0,3}(?:title|episode(?: title)?|show|podcast|topic|hosts?|speakers?|cast|setting|date|tone|length|language"
    r"|format)[*_]{0,3}:.{0,300}",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    r"[*_#\s]{0,8}(?:sources?|references?|citations?|footnotes?|bibliography|further reading|quellen|fuentes"
    r"|מקורות|المصادر|参考资料|参考文献|источники)"
    r"(?: (?:used|cited|and links))?[*_\s]{0,4}(?:[:：][*_]{0,3}\s*(?:(?:https?:|www\.|\[|\d+\.).*)?)?",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\[\^?\w{1,20}\]:\s.*|(?:\[\^?\d{1,3}\]|[¹²³⁰⁴-⁹]{1,3})\s.{0,300}?(?:https?://|www\.).*")
_WHOLE_ASIDE = re.compile(r"[*_]{0,3}(?:\([^()\n]*\)|（[^（）\n]*）|\[[^\[\]\n]*\]|♪.*♪)[*_]{0,3}[.。]?")


def is_rule(line: str) -> bool:
    """Whether it is a line of signs: a rule, the head of a table, a number, the time of a subtitle."""
    return len(line) < _LONGEST and (_RULE.fullmatch(line) or _TIMING.fullmatch(line)) is not None


def read_fence(line: str) -> str | None:
    """The language of a line that opens or closes a block of code; None for any other line."""
    found = _FENCE.fullmatch(line)
    return found[1].lower() if found is not None else None


def holds_script(language: str) -> bool:
    """Whether a block of code in that language may be the script itself."""
    return language in _SCRIPTS


def strip_line_marks(line: str) -> tuple[str, bool]:
    """The line without the mark of a list or a quotation, and whether it is a heading."""
    line = _LINE_MARK.sub("", line, count=1) if _LINE_MARK.match(line) else line
    heading = _HEADING.match(line)
    is_heading = heading is not None and (line[heading.end() - 1].isspace() or heading.end() > 1)
    return (line[heading.end() :] if heading is not None and is_heading else line), is_heading


def is_preamble(text: str) -> bool:
    """Whether it only announces a script: "Sure! Here's the dialogue:"."""
    return len(text) < _LONGEST and _PREAMBLE.fullmatch(text) is not None


def is_bold_heading(line: str) -> bool:
    """Whether it is bold as a whole, and no sentence."""
    return len(line) < 120 and _BOLD.fullmatch(line) is not None and line.strip("*_: ")[-1:] not in ".!?…。"


def is_chatter(line: str) -> bool:
    """Whether a line without a label is about the script instead of in it."""
    if _CHATTER.match(line) is not None or (len(line) < _LONGEST and _NOTE.fullmatch(line) is not None):
        return True
    return len(line) < _LONGEST and _TABLE_HEAD.fullmatch(line) is not None


def is_marked_direction(line: str) -> bool:
    """Whether all of it is a stage direction between brackets or marks: "*Ada smiles.*"."""
    inside = re.fullmatch(r"[(*_]{1,6}([^()*_\n]{1,200})[)*_]{1,6}\.?", line)
    return inside is not None and vocabulary().find(inside[1]) is None and is_stage_direction(inside[1])


def is_whole_aside(line: str) -> bool:
    """Whether all of it is in brackets."""
    return len(line) < _LONGEST and _WHOLE_ASIDE.fullmatch(line) is not None


def is_fact_of_script(line: str) -> bool:
    """Whether it states a property of the script, as before its first turn: "Title: Night trains"."""
    return _FACTS_OF_SCRIPT.fullmatch(line) is not None


def begins_sources(line: str) -> bool:
    """Whether the lines after it, up to the next speaker, are sources."""
    return len(line) < _LONGEST and _SOURCES.fullmatch(line) is not None
