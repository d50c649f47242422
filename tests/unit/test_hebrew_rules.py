"""Hebrew rules of a few words against a document: what it forbids isn't allowed, what it allows isn't forbidden."""

import pytest

from workflows.text.grounding.grounding import Evidence

LEAFLET = Evidence(
    "מותר לשתות מים. אין ליטול איבופרופן יחד עם התרופה. אסור לתת את התרופה לילדים. אין לאכול חלב, גבינה ואגוזים. "
    "אין ליטול יותר מ-4 כדורים ביממה. אסור לנהוג 24 שעות. אין לשתות קפה לפני הבדיקה. אפשר להתקלח.\n\n"
    "אסור:\n- סיגריות\n- סאונה\n",
    "he",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "מים אסורים.",
        "המים אסורים לגמרי.",
        "אסור לשתות מים.",
        "איבופרופן מותר.",
        "מותר ליטול איבופרופן.",
        "איבופרופן בסדר.",
        "התרופה מותרת לילדים.",
        "אגוזים אסורים, מים לא מותרים.",
        "סיגריות מותרות.",
        "אסור להתקלח.",
    ],
)
def test_rule_that_turns_the_documents_round_is_an_opposite(sentence: str) -> None:
    found = LEAFLET.check(sentence)
    assert found is not None and found[0] == "opposite", found


@pytest.mark.parametrize(
    "sentence",
    [
        "מותר לשתות מים.",
        "מים בסדר.",
        "איבופרופן אסור.",
        "אסור ליטול איבופרופן.",
        "התרופה אסורה לילדים.",
        "גבינה אסורה.",
        "אגוזים אסורים.",
        "מותר ליטול כדורים.",
        "אסור לשתות קפה.",
        "אפשר לשתות קפה אחרי הבדיקה.",
        "סאונה אסורה.",
        "אסור לעשן סיגריות.",
        "אין צורך לדאוג.",
        "אפשר לשאול את הרופא.",
    ],
)
def test_rule_that_the_document_has_or_may_have_passes(sentence: str) -> None:
    assert LEAFLET.check(sentence) is None
