"""Rates of a document's doses: "a tablet a day" where it says "twice a day" is another one. English, Hebrew. Pure."""

import re
from collections.abc import Sequence
from fractions import Fraction

from workflows.text.quantities.doses import find_doses
from workflows.text.quantities.intervals import (
    Interval,
    find_dose_rates,
    is_at_moments,
    list_dose_lengths,
)

_RANGE = re.compile(r"\b(?:or|to)\b|\d ?[-–] ?\d|(?<![א-ת])(?:או|עד)(?![א-ת])", re.IGNORECASE)
"""Maybe a range of doses, of which only the last number is read: "one or two tablets"."""


class DoseRates:
    """The intervals of a document's sentences by the forms of their doses."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._lengths: dict[str, set[Fraction]] = {}
        self._per_dose: set[tuple[str, Fraction]] = set()
        self._numbers: dict[tuple[str, Fraction], set[Fraction]] = {}
        self._most: dict[tuple[str, Fraction], Fraction] = {}  # where a range may be given
        for sentence in sentences:
            lengths = list_dose_lengths(sentence)
            for dose in find_doses(sentence) if lengths else ():
                self._lengths.setdefault(dose.form, set()).update(lengths)
            most: dict[str, Fraction] = {}
            for dose in find_doses(sentence) if _RANGE.search(sentence) else ():
                most[dose.form] = max(most.get(dose.form, Fraction(1)), dose.number or Fraction(1))
            for dose, interval in find_dose_rates(sentence):
                number = dose.number or Fraction(1)
                key = dose.form, interval.minutes
                self._per_dose.add((dose.form, interval.minutes / number))
                self._numbers.setdefault(key, set()).add(number)
                if dose.form in most:
                    self._most[key] = max(self._most.get(key, number), most[dose.form])

    def find_other_number(self, sentence: str) -> Interval | None:
        """An interval of the document with a number of doses in the sentence that it doesn't give for it: "four tablets
        every 6 hours" where four are the most in a day."""
        for dose, interval in find_dose_rates(sentence):
            key = dose.form, interval.minutes
            known, most = self._numbers.get(key), self._most.get(key)
            if known and dose.number not in known and (most is None or (dose.number or 1) > most):
                return interval._replace(said=f"{dose.number} {interval.said}")
        return None

    def find_strange(self, sentence: str) -> Interval | None:
        """An interval of a dose of the sentence for which the document has other intervals only, and not as much in
        the same time either: "two tablets a day" is "one tablet twice a day"."""
        if is_at_moments(sentence):
            return None
        for dose, interval in find_dose_rates(sentence):
            known = self._lengths.get(dose.form)
            is_as_much = (dose.form, interval.minutes / (dose.number or 1)) in self._per_dose
            if known and interval.minutes not in known and not is_as_much:
                return interval
        return None
