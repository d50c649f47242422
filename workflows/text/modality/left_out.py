"""Requests to leave something out ("leave the salt out", "forget to unplug it"), and what is left out. English, Hebrew.
Pure.
"""

import re
from collections.abc import Iterator

_ENGLISH = (
    r"(?:leave out|skip|omit|forgo|forego|pass up|dispense with|do without|(?P<fails>miss|forget|neglect|fail)"
    r"(?! (?:about|that|how|what|where|why|when|whether|it)\b)(?: to\b)?) (?P<thing>[^,;:.!?()–—]{2,200})"
    r"|leave (?P<apart>(?:[\w'’-]+ ){1,6})out"
    r"(?! (?!(?:if|when|unless|altogether|completely|entirely|today|as)\b)[a-z])"
)
_HEBREW = (
    r"(?:(?:תדלגו|תדלג|תדלגי|דלגו|דלג|דלגי|לדלג|תוותרו|תוותר|תוותרי|ותרו|ותר|ותרי|לוותר) על"
    r"|תשמיטו|תשמיט|תשמיטי|השמיטו|השמט|השמיטי|להשמיט|תחסירו|החסירו|להחסיר|תפספסו|פספסו|לפספס"
    r"|תשכחו|תשכח|תשכחי|שכחו|שכח|שכחי|לשכוח)(?: את)? (?P<thing>[^,;:.!?()–—]{2,200})"
)
_MAY = r"(?P<may>you (?:can|may|could|might) |feel free to |go ahead and )?"
_REQUESTS = {
    "en": re.compile(
        rf"(?:(?:just|simply|please|then|so|and|well|instead|always|safely|also) )*{_MAY}"
        rf"(?:(?:just|simply|safely|also|easily) )?(?:{_ENGLISH})",
        re.IGNORECASE,
    ),
    "he": re.compile(rf"(?:(?:אז|פשוט|בבקשה|נא|תמיד|אפשר|ניתן|מותר|תוכלו|גם|ואז) )*(?:{_HEBREW})"),
}
_SOME_OF = re.compile(
    r"^(?:only |just )?(?:half|some|most|part|all|one|two|a few|a quarter|a third)(?: of)?"
    r" (?=(?:your|the|these|those|my|its)\b)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,;:.!?()–—]+\s*")
_WARNS = re.compile(
    r"(?:\band (?:you|your|the|it|its|this|that|an?|they|there|everything|nothing|something)"
    r"|\bor (?:you|it|your)|(?<!\S)ות[א-ת]+ו)(?!\S)",
    re.IGNORECASE,
)
"""What follows of a request that only warns: "skip the rinse and your mouth gets sore"."""


def list_left_out(sentence: str, language: str) -> Iterator[str]:
    """What a sentence asks its reader to leave out, or allows to. "You may forget it" allows nothing."""
    form = _REQUESTS[language]
    if _WARNS.search(sentence):
        return
    for part in _PARTS.split(sentence.strip()):
        found = form.match(part)
        if found is None:
            continue
        said = found.groupdict()
        if not (said.get("may") and said.get("fails")):
            yield _SOME_OF.sub("", (said["thing"] or said["apart"]).strip())
