"""Coverage of a statement by a text, by content words. Pure, local, and no more than a good guess.

Words are compared by light stems ("planting" ~ "plants"), so wording may differ; meaning isn't understood.
"""

import math
from collections.abc import Iterator

from workflows.text.metrics.denials import (
    count_denials,
    is_negation,
    is_refuted,
    is_verdict,
    split_clauses,
    without_denials,
)
from workflows.text.sentences import split_sentences
from workflows.text.stems import stem
from workflows.text.words import list_words

COVERED = 0.6
"""Share of a point's content words that a passage must hold to say it."""
_ABOUT = 0.5
"""Share of a point's content words with which a clause is about it."""
_MUCH_ABOUT = 0.75
"""The same, of a clause that denies nothing where the point does: "It is yours: never share it"."""
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


def content_stems(text: str) -> frozenset[str]:
    """The stems of the content words; of all words when there are no others."""
    words = [word.casefold() for word in list_words(text)]
    meant = [word for word in words if word.replace("’", "'") not in _STOP and not is_negation(word)]
    return frozenset(stem(word) for word in meant or words)


def undenied_stems(text: str) -> frozenset[str]:
    """The content stems without the turns of phrase that deny: of "Nobody should water them" those of "water them"."""
    return content_stems(without_denials(text))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Share (0–1) of the stems that both have in common, of all stems."""
    return len(first & second) / len(first | second) if first or second else 0.0


def find_passage(point: str, text: str, language: str | None = None) -> tuple[str, float]:
    """The passage of `text` that holds most of the point's content words, and the share that it holds (0–1)."""
    wanted, sentences = content_stems(point), _sentences(text, language)
    stems = [content_stems(sentence) for sentence in sentences]
    best, share = "", 0.0
    for start, end in _spans(len(sentences)):
        held = _share(wanted, frozenset().union(*stems[start:end]))
        if held > share:
            best, share = " ".join(sentences[start:end]), held
    return best, share


def find_statement(point: str, text: str, language: str | None = None) -> tuple[str, float]:
    """As `find_passage`, of the passages that say it the same way round: "Don't water them" is no "Water them". What
    the text denies in one sentence isn't said by words that are scattered over several."""
    wanted, turned = content_stems(point), count_denials(point) % 2
    sentences = _sentences(text, language)
    stems = [content_stems(sentence) for sentence in sentences]
    denied = [
        _denies(sentence, after, wanted, turned)
        for sentence, after in zip(sentences, [*sentences[1:], ""], strict=False)
    ]
    held_by_denials = max(
        (_share(wanted, held) for held, is_denied in zip(stems, denied, strict=True) if is_denied),
        default=0.0,
    )
    best, share = "", 0.0
    for start, end in _spans(len(sentences)):
        held = _share(wanted, frozenset().union(*stems[start:end]))
        is_scattered = end - start > 1 and held <= held_by_denials
        if held > share and not is_scattered and not any(denied[start:end]):
            best, share = " ".join(sentences[start:end]), held
    return best, share


def _denies(sentence: str, after: str, wanted: frozenset[str], turned: int) -> bool:
    """Whether a clause that is about the point says the contrary; `after`: the next sentence, which may do so."""
    clauses, is_refuted_after = split_clauses(sentence), is_verdict(after)
    for place, clause in enumerate(clauses):
        denials = count_denials(clause) + is_refuted(clauses, place) + is_refuted_after
        least = _ABOUT if denials % 2 else _MUCH_ABOUT
        if denials % 2 != turned and _share(wanted, content_stems(clause)) >= least:
            return True
    return False


def covers(share: float, point: str) -> bool:
    """Whether a passage with this share of the point's words covers it."""
    wanted = len(content_stems(point))
    return wanted > 0 and round(share * wanted) >= math.ceil(COVERED * wanted)


def _share(wanted: frozenset[str], stems: frozenset[str]) -> float:
    return len(wanted & stems) / len(wanted) if wanted else 0.0


def _sentences(text: str, language: str | None) -> list[str]:
    return [sentence.strip() for sentence in split_sentences(text, language) if sentence.strip()]


def _spans(sentences: int) -> Iterator[tuple[int, int]]:
    """Passages of one sentence, then of two, then of three: the shortest match is the one to show."""
    for length in range(1, _SENTENCES + 1):
        for start in range(sentences - length + 1):
            yield start, start + length
