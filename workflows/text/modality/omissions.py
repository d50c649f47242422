"""Prohibitions of leaving something out ("do not skip your meal"), said as what they ask for. English, Hebrew. Pure."""

import re

NOT = (
    r"(?:do not|don['’]t|never|must not|mustn['’]t|should not|shouldn['’]t|may not|cannot|can['’]t|not to|must never"
    r"|should never)"
)
"""Words that forbid."""
_OMIT = r"(?:skip|omit|miss|leave out|forgo|forego|neglect|forget|dispense with|do without)"
_PUT_OFF = r"(?:skip|omit|miss|forget|delay|postpone|shorten|rush|put off)"
_KEEPS = {
    "en": re.compile(
        rf"\b(?:you )?{NOT}(?: ever)? (?:{_PUT_OFF} or )?"
        rf"(?:{_OMIT}(?: or {_PUT_OFF})?(?P<deed> to)?|(?P<fails>fail to))\b(?! that\b)"
        r"|\bavoid (?:skipping|omitting|missing|leaving out|forgetting)\b",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"(?<!\S)(?:לעולם )?(?:אין|אסור|אל|לא) "
        r"(?:(?:לדלג|תדלגו|תדלג|תדלגי|לוותר|תוותרו|תוותר|תוותרי) על"
        r"|להשמיט|תשמיטו|תשמיט|תשמיטי|להחסיר|תחסירו|לפספס|תפספסו|לשכוח|תשכחו|תשכח|תשכחי)"
        r"(?: את)?(?!\S)(?P<deed>(?= ל[א-ת]{3}))?"
    ),
}
_PASSIVE = re.compile(rf"\b{NOT} be (?:skipped|omitted|missed|left out|neglected|forgotten)\b", re.IGNORECASE)
_SAID = {"en": ("must have", "must"), "he": ("הקפידו על", "הקפידו")}
"""What is said instead: of a thing, of a deed."""


def say_what_is_kept(sentence: str, language: str | None) -> str:
    """The sentence with what it forbids to leave out asked for: "must have your meal"."""
    if language is None or language not in _KEEPS:
        return sentence
    thing, deed = _SAID[language]
    said = _KEEPS[language].sub(lambda found: deed if _is_deed(found) else thing, sentence)
    return _PASSIVE.sub("must be had", said) if language == "en" else said


def _is_deed(found: re.Match[str]) -> bool:
    """Whether what is kept is said by a verb: "don't forget to call"."""
    return any(value is not None for value in found.groupdict().values())
