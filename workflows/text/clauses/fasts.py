"""Bans of all eating or all drinking: "Eat nothing for three days." English, Hebrew. Pure.

Such a ban names no thing that could be looked up. It is borne out by one of the document's own that holds at the same
times; where the document has a meal or a drink taken and none, it isn't.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from workflows.text.clauses.claims import claim_stems, denies_or_forbids, plain_words, split_clauses
from workflows.text.clauses.hebrew_claims import split_hebrew
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.quantities.numbers import find_quantities, list_equals
from workflows.text.stems import stem
from workflows.text.words import list_words

Deed = Literal["eat", "drink"]

_DEEDS: dict[str, dict[Deed, str]] = {
    "en": {"eat": r"eat(?:s|ing|en)?", "drink": r"drink(?:s|ing)?|drunk"},
    "he": {"eat": r"[לת]?(?:י|ו)?אכ(?:ו)?ל(?:ו|י)?", "drink": r"[לתי]?שת(?:ו|י|ה|ות)"},
}
_BANS = {
    "en": (
        r"\b(?:{deed}) (?:absolutely )?nothing\b",
        r"\bnothing (?:at all )?to (?:{deed})\b",
        r"(?:n['’]t|\bnot|\bnever) (?:{deed}) (?:or \w+ )?(?:anything|a thing)\b",
        r"(?:n['’]t|\bnot|\bnever) (?:\w+ or )?(?:{deed})(?= (?:after|before|for|from|until|on|during)\b)",
    ),
    "he": (
        r"(?<![א-ת])(?:אל|לא|אין|אסור)(?: לכם)? (?:{deed}) (?:שום )?(?:כלום|דבר|מאומה)(?![א-ת])",
        r"(?<![א-ת])(?:אל|לא|אין|אסור) (?:{deed})(?= (?:אחרי|לפני|עד|במשך)(?![א-ת]))",
    ),
}
# Before a ban: what only tells of such a fast, or warns of it.
_REPORTED = re.compile(
    r"(?:\b(?:if|when|whenever|because|unless) (?:you|they|he|she|we|i|people|someone|somebody)(?:['’]\w+)?(?: \w+)? ?"
    r"|\bwho(?:ever)?(?: \w+)? ?|\bdid ?|\b(?:never|not) |n['’]t "
    r"|(?<!\bnot )(?<!n['’]t )\b(?:dangerous|unsafe|harmful|unhealthy|risky)(?: for \w+)? to )$",
    re.IGNORECASE,
)
# A document's other words for nothing to eat or drink, in sentences that deny nothing else.
_FASTS: dict[str, dict[Deed, str]] = {
    "en": {
        "eat": r"(?:^|[.;:,] |\b(?:to|must|should|you|will|please|a|the|your) )fast\b|\bfasting\b|\bempty stomach\b"
        r"|\b(?:nothing|nil) (?:\w+ )?by mouth\b|\b(?:no|avoid|without) (?:all |any |solid )?(?:food|meals?)\b",
        "drink": r"\b(?:nothing|nil) (?:\w+ )?by mouth\b"
        r"|\b(?:no|avoid|without) (?:all |any )?(?:drinks?|liquids?|fluids?)\b",
    },
    "he": {
        "eat": r"(?<![א-ת])(?:[לב]?צום|צומו|(?:ב|על )?קיבה ריקה)(?![א-ת])",
        "drink": r"(?!)",
    },
}
_NOT = re.compile(r"\b(?:not|never|no need)\b|n['’]t\b|(?<![א-ת])(?:לא|אל|אין)(?![א-ת])", re.IGNORECASE)
_HEBREW_BAN = (
    r"(?<![א-ת])(?:אל|לא|אין|אסור)(?: לכם)? (?:{other} או )?(?:{deed})(?: או {other})?"
    r"(?= (?:אחרי|לפני|עד|במשך|מחצות|שעה|שעות|שעתיים|יום|ימים|יומיים|שלוש|ארבע|שש|שמונה|\d))"
)
"""As a document says it: with both deeds, and the time at once."""
# What may follow: a time or a case. Anything else says which food: "nothing hot", "nothing with milk in it".
_OPEN = {
    "en": re.compile(
        r"\s*(?:at all)?\s*(?:$|[,.;:!–—]|(?:after|before|for|from|on|until|till|while|when|if|during|in|within|that|"
        r"this|today|tonight|tomorrow|or|and|with (?:it|them|the|your|this|each|every|a|an))\b)",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"\s*(?:בכלל)?\s*(?:$|[,.;:!–—]|(?:אחרי|לפני|עד|במשך|אם|כאשר|היום|הערב|מחר|כש[א-ת]+|ב[א-ת]{2,}|עם ה[א-ת]+|"
        r"שעה|שעות|שעתיים|יום|ימים|יומיים|שלושה|ארבעה|חמישה|שבוע|\d))"
    ),
}
_MATTERS: dict[str, dict[Deed, str]] = {
    "en": {
        "eat": "eat food meal breakfast lunch dinner supper snack bread",
        "drink": "drink water fluid liquid juice tea milk glass sip",
    },
    "he": {"eat": "אכלו אוכל ארוחה ארוחות לחם מזון", "drink": "שתו מים מיץ תה נוזלים כוס לגימת"},
}
_DENIES = re.compile(r"(?<![א-ת])(?:לא|אין|אל|אסור|הימנעו|בלי|ללא)(?![א-ת])")
_WITH = "with it"
_SPANS = frozenset({"minute", "hour", "day", "week"})
_FAST_FOR = re.compile(r"^(?:please |then |you (?:must|should|have to) )?fast for\b", re.IGNORECASE)
_BACK = 60
"""Letters before a ban in which is looked for what only tells of it."""
_JOINED = re.compile(r"\bwith (?:it|them)\b|(?<![א-ת])(?:איתו|איתה|איתם|אתו|אתה)(?![א-ת])", re.IGNORECASE)
_OWN_WORDS = {
    "en": "nothing anything absolutely thing at all to or and the a an your this that it them of is be you may can do "
    "not never don't must mustn't should shouldn't please have take taking taken before after in on for from until "
    "till with one two three four five six seven eight nine ten eleven twelve",
    "he": "כלום דבר שום מאומה בכלל אל לא אין אסור את של עם או לכם אחרי לפני עד במשך כן "
    "אחת שתיים שלוש ארבע חמש שש שבע שמונה תשע עשר",
}
_OWN = {language: frozenset(words.split()) for language, words in _OWN_WORDS.items()}
"""Words of the ban itself, of grammar, and numbers."""


class _Ban(NamedTuple):
    deed: Deed
    when: frozenset[str]


class Fasts:
    """The bans of a document's sentences. Of a language without a table it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in _BANS else None
        self._bans: list[_Ban] = []
        self._allowed: set[Deed] = set()
        self._spans: dict[Deed, set[tuple[str, str]]] = {}
        for sentence in sentences if self._language else ():
            self._bans += [*self._bans_of(sentence), *self._fasts_of(sentence)]
            self._allowed |= set(self._deeds_of(sentence))
            for deed, spans in self._timed(sentence):
                self._spans.setdefault(deed, set()).update(spans)

    def find_unasked(self, sentence: str) -> str | None:
        """Why the document doesn't ask for the fast that a sentence does; None where it does, or has neither."""
        for ban in self._bans_of(sentence) if self._language else ():
            if not ban.when or ban.deed not in self._allowed:
                continue
            if not any(ban.when <= other.when for other in self._bans if other.deed == ban.deed):
                return "the document doesn't forbid this"
        for deed, spans in self._timed(sentence) if self._language else ():
            equals = {equal for one in spans for equal in list_equals(*one)}
            if deed in self._spans and self._spans[deed].isdisjoint(spans | equals):
                return "the document says another time for this"
        return None

    def _timed(self, sentence: str) -> Iterator[tuple[Deed, set[tuple[str, str]]]]:
        """The bans of a sentence's clauses that say for how long, with the times in them."""
        for clause in (split_hebrew if self._language == "he" else split_clauses)(sentence):
            spans = {(one.value, one.unit) for one in find_quantities(clause) if one.unit in _SPANS}
            if not spans:
                continue
            deeds = {ban.deed for ban in (*self._bans_of(clause), *self._fasts_of(clause))}
            if self._language == "en" and _FAST_FOR.search(clause.lstrip()):
                deeds.add("eat")
            for deed in sorted(deeds):
                yield deed, spans

    def _bans_of(self, sentence: str) -> Iterator[_Ban]:
        assert self._language is not None
        for deed, forms in _DEEDS[self._language].items():
            for pattern in _BANS[self._language]:
                found = re.search(pattern.format(deed=forms), sentence, re.IGNORECASE)
                if found is None or not _OPEN[self._language].match(sentence, found.end()):
                    continue
                if not _REPORTED.search(sentence[max(0, found.start() - _BACK) : found.start()]):
                    yield _Ban(deed, self._matter(sentence))
                    break

    def _fasts_of(self, sentence: str) -> Iterator[_Ban]:
        """Bans of a document in other words."""
        assert self._language is not None
        forms = _DEEDS[self._language]
        for deed, pattern in _FASTS[self._language].items():
            found = None if _NOT.search(sentence) else re.search(pattern, sentence, re.IGNORECASE)
            if found is None and self._language == "he":
                other = forms["drink" if deed == "eat" else "eat"]
                found = re.search(_HEBREW_BAN.format(deed=forms[deed], other=f"(?:{other})"), sentence)
            if found is not None:
                yield _Ban(deed, self._matter(sentence))

    def _matter(self, sentence: str) -> frozenset[str]:
        """What a ban depends on: all that its sentence says beside it, but for numbers."""
        assert self._language is not None
        fold = hebrew_root if self._language == "he" else stem
        words = set(plain_words(sentence)) - _OWN[self._language]
        deeds = re.compile("|".join(_DEEDS[self._language].values()))
        found = {fold(word) for word in words if not word.isdigit() and not deeds.fullmatch(word)}
        return frozenset(found | {_WITH for _ in _JOINED.finditer(sentence)})

    def _deeds_of(self, sentence: str) -> Iterator[Deed]:
        """What a sentence has eaten or drunk, in clauses that deny nothing."""
        if self._language == "he":
            clauses = [one for one in split_hebrew(sentence) if not _DENIES.search(one)]
            said = {hebrew_root(word) for one in clauses for word in list_words(one)}
            for deed in _MATTERS["he"]:
                if said & _roots(deed):
                    yield deed
            return
        clauses = [one for one in split_clauses(sentence) if not denies_or_forbids(one)]
        stems = {known for one in clauses for known in claim_stems(one)}
        for deed, words in _MATTERS["en"].items():
            if stems & set(map(stem, words.split())):
                yield deed


def _roots(*deeds: Deed) -> frozenset[str]:
    """The roots of what is eaten or drunk."""
    return frozenset(hebrew_root(word) for deed in deeds for word in _MATTERS["he"][deed].split())
