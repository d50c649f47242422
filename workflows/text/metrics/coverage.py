"""Coverage of a statement by a text, by content words. Pure, local, and no more than a good guess.

Words are compared by light stems ("planting" ~ "plants"), so wording may differ; meaning isn't understood.
"""

import math
import re
from collections.abc import Iterator

from workflows.text.sentences import split_sentences
from workflows.text.stems import stem
from workflows.text.words import list_words

_CLAUSE = re.compile(
    r"[,;:–—]\s|\b(?:because|but|which|who|so that|although|unless|while|and)\b", re.IGNORECASE
)
COVERED = 0.6
"""Share of a point's content words that a passage must hold to say it."""
_ABOUT = 0.5
"""Share of a point's content words with which a clause is about it."""
_SENTENCES = 3  # as many neighbours make a passage

_STOP_WORDS = """
a about above after again all also always am an and any are as at be because been before being below between
both but by can could did do does doing down during each even every few for from further get had has have
having he her here hers him his how i if in into is it its itself just let like make may me might more most
much must my need of off on once one only or other our out over own please really same say shall she should
show so some such tell than that the their them then there these they thing things this those through to
too under until up us use very via was way we were what when where which while who whom why will with would
you your yours it's that's there's explain mention talk discuss cover describe include point
של את על עם אל או גם כי כל לא זה זו זאת אני אתה את הוא היא הם הן אנחנו מה מי איך למה יש אין היה רק אם כמו
el la los las un una unos unas de del y o en con por para que es son se su al lo como más
le les des du et ou dans avec pour qui est sont sur au aux ce cette ces
der die das den dem des ein eine einen einem einer und oder im am mit für von zu ist sind auf als auch
"""
_STOP = frozenset(_STOP_WORDS.split())
_NEGATIONS = frozenset(
    {"no", "not", "never", "without", "avoid", "don't", "dont", "stop", "nor", "לא", "אל", "בלי"}
)
_WRONG = r"myth|wrong|false|untrue|incorrect|misconception|fallacy|mistake|lie|legend|fiction"
_DENIAL = re.compile(
    rf"\b(?:{_WRONG})(?:\s+[\w’']{{1,20}}){{0,2}}?\s+that\b"
    r"|\b(?:nobody|no-one|none|nothing)\b"
    r"|\b(?:fail(?:s|ed|ing)?|refus(?:es?|ed|ing)|ceas(?:es?|ed|ing))\s+to\b"
    r"|\b(?:hardly|scarcely|barely|rarely|seldom)\b"
    r"|\b(?:(?:is|are|am|was|were|being)\s+(?:\w{1,12}\s+)?(?:blind|deaf|immune|unable|incapable)"
    r"(?:\s+(?:to|of))?|(?:unable|incapable)\s+(?:to|of))\b"
    r"|\b(?:cannot|lacks?|lacked|neither)\b"
    r"|(?<!\w)(?:(?:מיתוס|שקר|טעות|שגוי|אגדה|שווא)(?:\s+(?:הוא|היא|לחשוב|לומר|להאמין))?\s+ש|(?:אינן|אינם|איננה|איננו|אינו|אינה)(?!\w)"
    r"|(?:נכשל(?:ה|ים|ות|ו)?|עיוור(?:ת|ים|ות)?)(?!\w))",
    re.IGNORECASE,
)
"""What turns a statement around beside a word of negation: a frame ("it's a myth that"), a verb of failing."""


def content_stems(text: str) -> frozenset[str]:
    """The stems of the content words; of all words when there are no others."""
    words = [word.casefold() for word in list_words(text)]
    meant = [word for word in words if word.replace("’", "'") not in _STOP and not is_negation(word)]
    return frozenset(stem(word) for word in meant or words)


def is_negation(word: str) -> bool:
    """Whether the word negates."""
    word = word.casefold().replace("’", "'")
    return word in _NEGATIONS or word.endswith("n't")


def count_negations(text: str) -> int:
    """The number of negating words."""
    return sum(map(is_negation, list_words(text)))


def count_denials(text: str) -> int:
    """The number of words and turns of phrase that deny. A "nobody" or "never" of Hebrew has a negation beside
    it, and isn't counted again."""
    found = sum(1 for _ in _DENIAL.finditer(text))
    return count_negations(text) + found


def undenied_stems(text: str) -> frozenset[str]:
    """The content stems without the turns of phrase that deny: of "Nobody should water them" those of "water them"."""
    return content_stems(_DENIAL.sub(" ", text))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Share (0–1) of the stems that both have in common, of all stems."""
    return len(first & second) / len(first | second) if first or second else 0.0


def find_passage(point: str, text: str, language: str | None = None) -> tuple[str, float]:
    """The passage of `text` that holds most of the point's content words, and the share that it holds (0–1)."""
    wanted = content_stems(point)
    best, share = "", 0.0
    for passage, stems in _passages(text, language):
        held = len(wanted & stems) / len(wanted) if wanted else 0.0
        if held > share:
            best, share = " ".join(passage), held
    return best, share


def find_statement(point: str, text: str, language: str | None = None) -> tuple[str, float]:
    """As `find_passage`, of the passages that say it the same way round: "Don't water them" is no "Water them"."""
    wanted = content_stems(point)
    turned = count_denials(point) % 2
    best, share = "", 0.0
    for passage, stems in _passages(text, language):
        held = len(wanted & stems) / len(wanted) if wanted else 0.0
        if held > share and not any(_denies(sentence, wanted, turned) for sentence in passage):
            best, share = " ".join(passage), held
    return best, share


def _denies(sentence: str, wanted: frozenset[str], turned: int) -> bool:
    """Whether a clause that is about the point says the contrary."""
    return any(
        len(wanted & content_stems(clause)) / len(wanted) >= _ABOUT and count_denials(clause) % 2 != turned
        for clause in _CLAUSE.split(sentence)
    )


def covers(share: float, point: str) -> bool:
    """Whether a passage with this share of the point's words covers it."""
    wanted = len(content_stems(point))
    return wanted > 0 and round(share * wanted) >= math.ceil(COVERED * wanted)


def _passages(text: str, language: str | None) -> Iterator[tuple[list[str], frozenset[str]]]:
    """Passages of one sentence, then of two, then of three, with their stems: the shortest match is the one to
    show."""
    sentences = [sentence.strip() for sentence in split_sentences(text, language) if sentence.strip()]
    stems = [content_stems(sentence) for sentence in sentences]
    for length in range(1, _SENTENCES + 1):
        for start in range(len(sentences) - length + 1):
            end = start + length
            yield sentences[start:end], frozenset().union(*stems[start:end])
