"""Denials in a text: words and turns of phrase that turn a statement round. English, Hebrew. Pure.

They are counted, since two of them cancel out: "never fail to".
"""

import re
from collections.abc import Sequence

from workflows.text.words import list_words

_NEGATION_WORDS = """
no not never without avoid avoids avoided avoiding don't dont stop stops stopped stopping nor לא אל בלי אין
"""
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_WRONG = (
    r"myths?|wrong|false|falsehood|untrue|incorrect|misconception|misunderstanding|fallacy|mistakes?|mistaken|lie|legend"
    r"|fiction|nonsense|rubbish|impossible|disproved|disproven|debunked|refuted|useless|pointless|needless|unnecessary"
    r"|(?:bad|poor|terrible) idea|out of the question|a waste"
)
_BE = r"(?:is|are|was|were|be|been|being|it['’]s|that['’]s|remains?)(?:n['’]t)?"
_DEGREE = (
    r"(?:an?|the|just|simply|only|quite|plain|plainly|all|completely|totally|utterly|entirely|long|since|old|common|widespread"
    r"|big|serious|pure|mere|no|not|never|also|and)"
)
_DENIAL = re.compile(
    rf"\b(?:{_WRONG})(?:\s+[\w’']{{1,20}}){{0,2}}?\s+(?:that|to)\b"
    rf"|\b{_BE}\s+(?:{_DEGREE}\s+){{0,4}}(?P<wrong>{_WRONG})\b"
    r"|\b(?:nobody|no-one|none|nothing)\b"
    r"|\b(?:fail(?:s|ed|ing)?|ceas(?:es?|ed|ing))\s+to\b|\brefus(?:es?|ed|ing)\b"
    r"|\b(?:hardly|scarcely|barely|rarely|seldom)\b"
    r"|\b(?:(?:is|are|am|was|were|being)\s+(?:\w{1,12}\s+)?(?:blind|deaf|immune|unable|incapable)"
    r"(?:\s+(?:to|of))?|(?:unable|incapable)\s+(?:to|of))\b"
    r"|\b(?:cannot|lacks?|lacked|neither)\b"
    r"|\bdoubt(?:s|ed)?\b|\b(?:anything|everything) (?:but|except)\b|\bfar from\b"
    r"|(?<!\ba )(?<!\bthe )(?<!\bthese )(?<!\bthose )(?<!\blast )(?<!\bnext )(?<!\bfirst )(?<!\bevery )\bfew\b"
    r"|\bforget (?:about|\w{1,20}ing)\b|\b(?:very|too) little\b"
    r"|(?<!\w)(?:(?:מיתוס|שקר|טעות|שגוי|אגדה|שווא)(?:\s+(?:הוא|היא|לחשוב|לומר|להאמין))?\s+ש"
    r"|(?:אינן|אינם|איננה|איננו|אינו|אינה)(?!\w)|(?:נכשל(?:ה|ים|ות|ו)?|עיוור(?:ת|ים|ות)?)(?!\w))",
    re.IGNORECASE,
)
"""What turns a statement round beside a word of negation: a frame ("it's a myth that"), a verb of failing."""
_NEUTRAL = re.compile(
    r"\bnot (?:only|just|merely|least)\b|\bno (?:wonder|doubt|matter|less|fewer|sooner)\b|\bwithout (?:a )?doubt\b"
    r"|\b(?:don['’]t|do not|never) (?:forget|hesitate|worry|be surprised)\b|\b(?:nothing|none) (?:but|other than)\b"
    r"|\bwhy not\b|(?:n['’]t|\bnot|\bno) (?:an? |so |that |too |very |any |much of an? )?"
    r"(?:hard|difficult|tricky|complicated|trouble|problem|luxury|secret|surprise|surprising|accident|coincidence|joke|bother)\b"
    r"|(?<!\w)(?:אין (?:ספק|פלא|כמו|בעיה)|לא (?:רק|קשה|פלא))(?!\w)"
    r"|\bnothing (?:is |was )?(?:wrong|bad) (?:with|about|in)\b|\bno harm in\b"
    r"|\bnothing (?:is|was) (?:more|as|so)(?= (?:important|useful|helpful|good|valuable)\b)"
    r"|(?:n['’]t|\bnot) (?:[\w’'-]{1,20} ){1,3}but\b|\bneither(?= (?:[\w’'-]{1,20} ){1,6}nor\b)",
    re.IGNORECASE,
)
"""What has such a word and turns nothing round: "not only", "isn't noon but"; of "neither … nor" one counts."""
_CLAUSE = re.compile(
    r"[,;:–—]\s|(?<!anything )(?<!everything )\bbut\b(?! also)"
    r"|\b(?:because|which|who|so that|although|unless|while|when|if|and)\b"
    r"|(?<!\w)(?:אבל|אך|אלא|כי)(?!\w)",
    re.IGNORECASE,
)
_INSERTED = re.compile(r"((?:\b(?:not|never|cannot)|n['’]t)),[^,;.!?]{1,80},", re.IGNORECASE)
"""Words between a negation and what it denies: "they do not, as many believe, take any"."""
_VERDICT_WORDS = """
true wrong false untrue incorrect right correct case fact truth myth misconception mistake lie legend fiction nonsense
rubbish so it this that they he she we you i is are was were do does did at all course way chance believe think further
from could be far really quite simply just a an the of to though however and but well
נכון טעות מיתוס שקר שטויות ממש בכלל זה זו כך
"""
_VERDICT = frozenset(_VERDICT_WORDS.split())
_REFUTED = re.compile(
    r"\b(?:wrong|false|untrue|incorrect|myth|misconception|mistake|lie|nonsense|rubbish|legend|fiction)\b"
    r"|\bfar from (?:it|true|the truth)\b|(?<!\w)(?:טעות|מיתוס|שקר|שטויות)(?!\w)",
    re.IGNORECASE,
)
_MOST_VERDICT = 9
"""Words of a sentence that says nothing but that the one before is wrong."""


def is_negation(word: str) -> bool:
    """Whether the word negates."""
    word = word.casefold().replace("’", "'")
    return word in _NEGATIONS or word.endswith("n't")


def count_denials(text: str) -> int:
    """The number of words and turns of phrase that deny. A "nobody" or "never" of Hebrew has a negation beside
    it, and isn't counted again."""
    said = _NEUTRAL.sub(" ", text)
    return sum(map(is_negation, list_words(said))) + sum(1 for _ in _DENIAL.finditer(said))


def without_denials(text: str) -> str:
    """The text without the turns of phrase that deny; words of negation stay."""
    return _DENIAL.sub(" ", text)


def split_clauses(sentence: str) -> list[str]:
    """The clauses of a sentence, each with what denies it."""
    return _CLAUSE.split(_NEUTRAL.sub(" ", _INSERTED.sub(r"\1", sentence)))


def is_refuted(clauses: Sequence[str], place: int) -> bool:
    """Whether another clause says of the one at `place` that it isn't so: "…, they say, but that is a myth"."""
    if any(map(is_verdict, clauses[place + 1 :])):
        return True
    return clauses[place].lstrip().casefold().startswith("that ") and any(map(is_verdict, clauses[:place]))


def is_verdict(text: str) -> bool:
    """Whether a text says nothing but that what was said isn't so: "No.", "That is wrong."."""
    words = [word.casefold().replace("’", "'") for word in list_words(text)]
    if not 0 < len(words) <= _MOST_VERDICT or text.rstrip().endswith("?"):
        return False
    if not all(word in _VERDICT or is_negation(word) or word == "nothing" for word in words):
        return False
    negations = sum(is_negation(word) or word == "nothing" for word in words)
    return (negations + (_REFUTED.search(text) is not None)) % 2 == 1
