"""Hebrew quantities in words and figures, and doses that a document doesn't give."""

import pytest

from workflows.text.grounding.grounding import Evidence
from workflows.text.quantities.numbers import find_quantities

DOCUMENT = Evidence(
    'יש ליטול אקמול 500 מ"ג כל 6 שעות. אין ליטול יותר מ-4 כדורים ביממה. יש לשמור על החבישה יבשה 3 ימים. '
    "אסור לנהוג שבועיים. אסור לרוץ 24 שעות.",
    "he",
)


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("שמונה כדורים", [("8", "tablet")]),
        ("שלושה שבועות", [("3", "week")]),
        ("מארבעה כדורים", [("4", "tablet")]),
        ("עשרים וארבע שעות", [("24", "hour")]),
        ("שתים עשרה שעות", [("12", "hour")]),
        ("שבועיים", [("2", "week")]),
        ('500 מ"ג', [("500", "milligram")]),
        ("4 כדורים ושני כדורים", [("4", "tablet"), ("2", "tablet")]),
        ("מאה אחוז", [("100", "percent")]),
        ("שש בבוקר", []),
        ("כדור וחצי", [("1.5", "tablet")]),
        ("שני כדורים וחצי", [("2.5", "tablet")]),
        ('שניים וחצי מ"ל', [("2.5", "millilitre")]),
        ("שעה וחצי", [("1.5", "hour")]),
        ("שעתיים ורבע", [("2.25", "hour")]),
        ('מאתיים וחמישים מ"ג', [("250", "milligram")]),
        ('מאה ועשרים ואחד מ"ג', [("121", "milligram")]),
        ('חמש מאות מ"ג', [("500", "milligram")]),
        ('אלף ומאתיים מ"ג', [("1200", "milligram")]),
        ("שלושת אלפים יחידות", [("3000", "unit")]),
        ("עשרים אלף יחידות", [("20000", "unit")]),
        ('500 מק"ג', [("500", "microgram")]),
    ],
)
def test_hebrew_quantities_have_the_form_of_english_ones(
    text: str, quantities: list[tuple[str, str]]
) -> None:
    assert [(one.value, one.unit) for one in find_quantities(text)] == quantities


@pytest.mark.parametrize(
    "sentence",
    [
        "קחו שמונה כדורים ביממה.",
        "יש לשמור על החבישה יבשה שלושה שבועות.",
        "אסור לנהוג שלושה ימים ושנתיים.",
        "קחו 500 גרם אקמול.",
        "קחו מנה כפולה.",
        'קחו אלף ומאתיים מ"ג אקמול.',
        'קחו 500 מק"ג אקמול.',
        "קחו מנה כפולה אם כואב.",
    ],
)
def test_hebrew_dose_that_the_document_does_not_give_is_dangerous(sentence: str) -> None:
    found = DOCUMENT.check(sentence)
    assert found is not None and found[0] in ("opposite", "number")


@pytest.mark.parametrize(
    "sentence",
    [
        "לא יותר מארבעה כדורים ביממה.",
        'קחו חמש מאות מ"ג אקמול כל שש שעות.',
        "קחו אקמול כל שש שעות.",
        "שמרו על החבישה יבשה שלושה ימים.",
        "אסור לנהוג שני שבועות.",
        "אסור לרוץ עשרים וארבע שעות.",
        "אל תיקחו מנה כפולה.",
        'קחו 500 מ"ג אקמול.',
    ],
)
def test_hebrew_dose_that_the_document_gives_passes(sentence: str) -> None:
    assert DOCUMENT.check(sentence) is None
