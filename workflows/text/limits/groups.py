"""Groups of people to whom a document forbids what it is about: "not if you are pregnant". English, Hebrew. Pure.

It errs to silence: where the document also allows it to somebody of the group, or a sentence speaks of something else,
either may be said.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from workflows.text.clauses.claims import claim_stems, denies_or_forbids
from workflows.text.clauses.clauses import is_item
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.modality.modality import says_phrase
from workflows.text.quantities.numbers import find_quantities
from workflows.text.stems import stem
from workflows.text.words import list_words

_GROUPS = {
    "en": {
        "pregnancy": r"pregnan(?:t|cy|cies)|expecting(?: a (?:baby|child))?|expectant(?: mothers?)?|mothers?-to-be",
        "breastfeeding": r"breast-?fe(?:eding|ed|eds|d)|nursing (?:mothers?|women|woman)|lactating|lactation",
        "allergy": r"allerg(?:y|ic|ies)",
        "children": r"child(?:ren)?|kids?|boys?|girls?|bab(?:y|ies)|infants?|toddlers?",
        "kidneys": r"kidneys?|renal",
        "liver": r"livers?|hepatic",
        "asthma": r"asthma(?:tics?)?",
        "diabetes": r"diabet(?:es|ics?)",
        "epilepsy": r"epilep(?:sy|tics?)",
        "pacemaker": r"pacemakers?",
    },
    "he": {
        "pregnancy": r"[ובלמכש]{0,3}ה?היריון|[ובלמכש]{0,2}ה?הריון|[ולבמה]{0,2}הר(?:ה|ות)|[ולבמה]{0,2}בהיריון",
        "breastfeeding": r"[ובלמכשה]{0,3}הנקה|[ובלמכשה]{0,3}מניק(?:ה|ות)",
        "allergy": r"[ובלמכשה]{0,3}אלרגי(?:ה|ים|ות|ת)?",
        "children": r"[ובלמכשה]{0,3}(?:ילדי?ם?|ילדה|ילדות|ילדיכם|תינוק(?:ות|ת)?)",
        "asthma": r"[ובלמכשה]{0,3}אסתמה|[ובלמכשה]{0,3}אסטמה",
        "pacemaker": r"[ובלמכשה]{0,3}קוצב",
    },
}
_FOUND = {
    "en": {name: re.compile(rf"\b(?:{said})\b", re.IGNORECASE) for name, said in _GROUPS["en"].items()},
    "he": {name: re.compile(rf"(?<![א-ת])(?:{said})(?![א-ת])") for name, said in _GROUPS["he"].items()},
}
_USES = {
    "en": re.compile(
        r"\b(?:tak(?:e|es|en|ing)|us(?:e|es|ed|ing)|have|had|having|swallow(?:ing)?|eat(?:ing)?|drink(?:ing)?|appl(?:y|ied)"
        r"|inject(?:ed|ing)?|giv(?:e|en|es|ing)|safe|fine|okay|ok|harmless|suitable|allowed|suits?"
        r"|contraindicated|forbidden|prohibited|avoid(?:ed|ing)?)\b"
        r"|\b(?:is|are|isn['’]t|aren['’]t|it['’]s)(?: not| only| also)? for\b|\bnot for\b",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"(?<![א-ת])[ולש]{0,2}(?:קחו|קח|קחי|[תי]?יקחו|תיקחי?|לקחת|לוקח(?:ת|ים|ות)?|קחת|י?יטלו|ליטול|נטילה|נטילת|השתמשו|להשתמש|ישתמשו"
        r"|תשתמשו|שימוש|תנו|לתת|לאכול|לשתות|בטוח(?:ה|ים|ות)?|מתאים|מתאימה|מותר(?:ת|ים|ות)?|בסדר)(?![א-ת])"
        r"|(?<![א-ת])אסור(?:ה|ים|ות)? (?=ל?נשים|לילדים|לתינוק|להרות|בהיריון|בהנקה|למניק|לאלרג)"
    ),
}
_OBJECT = {
    "en": re.compile(
        r"\b(?:take|use|have|give|swallow|inject|taking|using) (?:it|them)\b(?! off)", re.IGNORECASE
    ),
    "he": re.compile(r"(?<![א-ת])(?:אות(?:ו|ה|ם|ן)|ב(?:ו|ה|הם|הן))(?![א-ת])"),
}
"""What a document is about, said by a pronoun."""
_ENDS = {
    "en": re.compile(
        r"\b(?:talk|tell|ask|call|see|inform|consult|speak|check)\b",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"(?<![א-ת])ו?(?:ספרו|ספרי|ספר|שאלו|שאלי|שאל|פנו|פני|התייעצו|התייעצי|לשאול|לספר|להתייעץ|דברו)(?![א-ת])"
    ),
}
"""What is asked of the group instead: to stop, or to ask somebody."""
_DENIES = {
    "en": re.compile(
        r"\b(?:not|never|no|nobody|without|unless|cannot|stop|quit|cease|avoid(?:ed|ing)?|refrain)\b|n['’]t\b",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"(?<![א-ת])(?:לא|אין|אל|אסור(?:ה|ים|ות)?|אינ[וםןה]|אינך|בלי|ללא|לעולם|אלא|ו?הפסיקו|ו?הפסיקי|להפסיק|הימנעו|הימנעי|להימנע)(?![א-ת])"
    ),
}
_DESPITE = {
    "en": re.compile(
        r"\b(?:(?:doesn['’]t|does not|don['’]t|won['’]t) matter|no (?:reason|need) (?:not |to (?:stop|avoid|worry)|for)"
        r"|whether or not|or not|all the same|no (?:difference|problem|obstacle|risk|danger)"
        r"|needn['’]t (?:stop|worry))\b",
        re.IGNORECASE,
    ),
    "he": re.compile(r"(?<![א-ת])(?:לא משנה|אין (?:בעיה|סיבה|מניעה|סכנה|צורך)|בין אם|גם אם)(?![א-ת])"),
}
_NARROW = re.compile(r"\b(?:more|longer) than\b|\bat most\b|(?<![א-ת])(?:יותר מ|לכל היותר)")
"""With one of these only an amount is forbidden."""
_NONE_OF_IT = {
    "en": re.compile(
        r"(?:\b(?:not|never|unless|without|no)|n['’]t)"
        r"(?: (?:you|they|she|he|we|who|are|is|you['’]re|currently|yet|been|be|any|an?|the|have|has|longer)){0,4} $",
        re.IGNORECASE,
    ),
    "he": re.compile(r"(?<![א-ת])(?:לא|אינ(?:ך|כם|כן|ם|ן|ה|ו)|אלא אם(?: כן)?(?: את| אתן| הן| היא)?) $"),
}
"""What says before a group that somebody isn't of it."""
_SOUND = re.compile(
    r"\b(?:healthy|sound|normal) (?:kidneys?|livers?)\b"
    r"|\b(?:kidneys?|livers?) (?:is|are|works?|functions?) (?:(?!not|never|hardly|less|no)\w+ )?"
    r"(?:healthy|sound|well|normal(?:ly)?|properly)\b",
    re.IGNORECASE,
)
"""A group of those whose organ is ill is named by the organ: if it is well, nobody is spoken of."""
_REACH = 48
_OLDER = re.compile(
    r"\b(?:over|above|older|from|aged?|at least|more than|up)\b|(?<![א-ת])(?:מעל|מגיל|גדולים|החל)(?![א-ת])",
    re.IGNORECASE,
)
_UNDER = re.compile(r"\b(?:under|below|younger)\b|(?<![א-ת])(?:מתחת|עד|קטנים)(?![א-ת])", re.IGNORECASE)
_PLAIN_WORDS = """
it them this that these those medicine medicines medication tablet tablets pill pills drug drugs capsule capsules drops
syrup treatment dose doses women woman mother mothers people patients safe fine okay ok harmless suitable allowed even
too also still while during year years old age aged problem matter reason difference baby time all same
bad weak poor severe mild ill sick sore disease failure problems trouble condition small little young some bit
"""
_HEBREW_PLAIN_WORDS = """
תרופה תרופות כדור כדורים טבליה טבליות קפסולה סירופ טיפול מנה נשים אישה אמהות אותו אותה אותם בו בה בזמן גם גיל שנה שנים
בטוח בטוחה מותר מותרת יכולות יכולים יכולה יכול רשאיות רשאים בסדר אפשר קטן קטנה קטנים קטנות קצת מעט
"""
_PLAIN = {
    "en": frozenset(map(stem, _PLAIN_WORDS.split())),
    "he": frozenset(map(hebrew_root, _HEBREW_PLAIN_WORDS.split())),
}
"""Words that may stand for what a document is about, and those of groups and rules."""


class _Rule(NamedTuple):
    """What a sentence forbids or allows to a group: `things`, what else it speaks of."""

    group: str
    forbids: bool
    things: frozenset[str]
    ages: tuple[Decimal, ...]
    is_older: bool


class Groups:
    """The groups that a document's sentences forbid things to. Of other languages it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in _GROUPS else None
        title = sentences[0] if sentences and self._language else ""
        self._subject = _things(title, self._language) if self._language else frozenset()
        self._rules: dict[tuple[str, str], dict[_Rule, None]] = {}  # by group and thing, each once
        for sentence in _with_heads(sentences) if self._language else ():
            for rule in self._read(sentence):
                bare = rule._replace(things=frozenset(), ages=rule.ages[-1:])
                for thing in ("", *rule.things):
                    self._rules.setdefault((rule.group, thing), {})[bare] = None

    def find_allowed(self, sentence: str) -> str | None:
        """Why a group mayn't do what a sentence lets it; None where it may, or where nothing is allowed."""
        for rule in self._read(sentence) if self._language else ():
            if rule.forbids:
                continue
            things = rule.things - self._subject or ("",)
            others = {other for thing in things for other in self._rules.get((rule.group, thing), ())}
            if others and all(other.forbids and _holds(other, rule) for other in others):
                return "the document forbids this"
        return None

    def _read(self, sentence: str) -> Iterator[_Rule]:
        language = self._language
        assert language is not None
        named = [
            (name, found)
            for name, pattern in _FOUND[language].items()
            if (found := pattern.search(_SOUND.sub(_blank, sentence))) is not None
        ]
        is_question = sentence.rstrip(" \"'”’").endswith("?")
        if not named or is_question or _ENDS[language].search(sentence) or _NARROW.search(sentence):
            return
        is_despite = _DESPITE[language].search(sentence) is not None
        if not is_despite and _USES[language].search(sentence) is None:
            return
        is_despite = is_despite or says_phrase("allows_despite", sentence, language)
        spans = [found.span() for _, found in named]
        rest = _without(sentence, spans)
        denies = _DENIES[language].search(rest) is not None or (language == "en" and denies_or_forbids(rest))
        ages = tuple(
            sorted(Decimal(one.value) for one in find_quantities(sentence) if one.unit in ("", "year"))
        )
        for name, found in named:
            before = sentence[max(0, found.start() - _REACH) : found.start()]
            if not is_despite and _NONE_OF_IT[language].search(before):
                continue  # "if you aren't pregnant"
            is_older = _OLDER.search(sentence) is not None and _UNDER.search(sentence) is None
            things = frozenset[str]() if _OBJECT[language].search(rest) else _things(rest, language)
            yield _Rule(name, denies and not is_despite, things, ages, is_older)


def _with_heads(sentences: Sequence[str]) -> Iterator[str]:
    """The sentences; the items of a list with what stands above them: "Do not take it: - if you are pregnant"."""
    head = ""
    for sentence in sentences:
        if head and is_item(sentence):
            yield f"{head} {sentence}"
        else:
            head = sentence.rstrip(" :\n") if sentence.rstrip().endswith(":") else ""
            yield sentence


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _without(sentence: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        sentence = f"{sentence[:start]} {sentence[end:]}"
    return sentence


def _holds(other: _Rule, rule: _Rule) -> bool:
    """Whether what is forbidden to some of a group by age is forbidden to those that a sentence speaks of."""
    if not other.ages or other.group != "children":
        return True
    return not rule.is_older and all(age < max(other.ages) for age in rule.ages)


def _things(text: str, language: str) -> frozenset[str]:
    """What is spoken of beside a group and what it does."""
    if language == "he":
        words = (word for word in list_words(_USES["he"].sub(" ", text)) if word not in hebrew_empty())
        found = frozenset(hebrew_root(word) for word in words if not word.isdigit() and len(word) > 1)
    else:
        found = frozenset(claim_stems(_USES["en"].sub(" ", text)))
    return found - _PLAIN[language]
