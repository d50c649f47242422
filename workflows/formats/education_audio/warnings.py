"""Warnings in a document, and those that a script leaves out: a guess by words. Pure.

A section that runs over is cut at its end. What a patient must not miss has to be in what is left.
"""

import re
from collections.abc import Iterator

from workflows.text.metrics.coverage import content_stems, covers
from workflows.text.sentences import split_sentences

_WARNS = re.compile(
    r"\b(?:do not|don['’]t|must not|mustn['’]t|never|avoid|stop taking|warning|caution|danger(?:ous)?"
    r"|emergency|ambulance|overdose|at once|immediately|right away|straight away|urgent(?:ly)?|life-threatening"
    r"|(?:call|tell|contact|see|ask) (?:your|a|the) (?:doctor|nurse|surgeon|pharmacist|midwife)"
    r"|(?:get|seek) (?:medical )?help)\b"
    r"|(?<![א-ת])(?:אסור|אין (?:ליטול|לקחת|להשתמש)|אל ת\w+|הימנעו|יש להימנע|להימנע|אזהרה|סכנה|מסוכן|חירום|מיד|מיון"
    r"|פנו (?:לרופא|מיד)|יש לפנות)(?![א-ת])",
    re.IGNORECASE,
)
_SENTENCES = 3  # neighbours that may say it together
_FEWEST_WORDS = 3  # "Avoid alcohol:" heads a list, and says nothing yet


class Script:
    """Spoken text, indexed for the search of many warnings."""

    def __init__(self, spoken: str, language: str | None = None) -> None:
        """`language`: a tag such as `en`."""
        stems = [
            content_stems(sentence) for sentence in split_sentences(spoken, language) if sentence.strip()
        ]
        self._passages = [frozenset().union(*stems[end : end + _SENTENCES]) for end in range(len(stems))]

    def says(self, warning: str) -> bool:
        """Whether a few of its sentences contain most of the warning's content words."""
        wanted = content_stems(warning)
        most = max((len(wanted & passage) for passage in self._passages), default=0)
        return bool(wanted) and covers(most / len(wanted), warning)


def is_warning(sentence: str) -> bool:
    """Whether a sentence forbids something, or advises when to get help."""
    return _WARNS.search(sentence) is not None


def list_warnings(text: str, language: str | None = None) -> Iterator[str]:
    """The document's sentences that forbid something, or advise when to get help."""
    for line in text.splitlines():
        plain = line.strip(" \t*_#>-•|")
        if not plain or line.lstrip().startswith("#"):
            continue
        for sentence in split_sentences(plain, language):
            sentence = sentence.strip()
            says_something = len(sentence.split()) >= _FEWEST_WORDS and not sentence.endswith("?")
            if says_something and is_warning(sentence):
                yield sentence
