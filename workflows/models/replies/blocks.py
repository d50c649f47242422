"""Blocks of Markdown and HTML that hold thoughts: code fences, and details that unfold. Pure."""

import re

_SUMMARY = re.compile(
    r"\s{0,20}<summary(?:\s[^<>]{0,80})?>((?:[^<>]|</?(?:b|strong|em|i|span|code)>){0,120}?)</summary\s?>",
    re.IGNORECASE,
)
_LONGEST_SUMMARY = 320
_TAG = re.compile(r"<[^<>]*>")
_THOUGHTS = re.compile(
    r"[\W_]{0,12}"
    r"(?:(?:my|the|a|show|view|see|model'?s?|ai|internal|inner|extended|click|to|for|full|step by step)\s+){0,5}"
    r"(?:think(?:ing)?|thoughts?|thought[ -]process|reasoning|chain[ -]of[ -]thoughts?|monologue|deliberations?"
    r"|scratch ?pad|חשיבה|מחשבות|תהליך (?:ה)?חשיבה|הרהורים)"
    r"(?:\s+(?:process|steps?|trace|summary|content|log|for\b.{0,40}))?[\W_]{0,12}(?:\([^()]{0,60}\))?[\W_]{0,12}",
    re.IGNORECASE,
)
_OF_THOUGHTS = re.compile(r"=\s?[\"']?(?:reasoning|thinking|thoughts?|think)\b", re.IGNORECASE)
FENCE_ENDS = {"`": re.compile(r"`{3,}(?![`\w])"), "~": re.compile(r"~{3,}(?![~\w])")}
"""What ends a code fence: no language follows it."""


def is_of_thoughts(details: str) -> bool:
    """Whether the tag of an unfolding block says by itself that it holds thoughts."""
    return _OF_THOUGHTS.search(details) is not None


def find_summary_end(text: str, start: int, *, is_whole: bool) -> int | None:
    """The end of the summary of thoughts at `start`; 0 where it is none, and None where more of the text is needed."""
    found = _SUMMARY.match(text, start)
    if found is not None:
        return found.end() if _THOUGHTS.fullmatch(_TAG.sub("", found[1]).strip()) else 0
    rest = text[start : start + _LONGEST_SUMMARY]
    begins = rest.lstrip()[:8].lower()
    may_follow = "<summary".startswith(begins) and len(rest) < _LONGEST_SUMMARY
    return None if may_follow and not is_whole else 0
