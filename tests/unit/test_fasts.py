"""Bans of all eating or drinking: borne out by one of the document's own at the same times only."""

import pytest

from workflows.text.clauses.fasts import Fasts

ENGLISH = Fasts(
    [
        "Do not eat or drink anything after midnight.",
        "You may drink water until then.",
        "Eat a light meal in the evening.",
    ],
    "en",
)
HEBREW = Fasts(
    ["אין לאכול או לשתות דבר אחרי חצות.", "אין לאכול דבר אחרי חצות.", "אכלו ארוחה קלה בערב."], "he"
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (ENGLISH, "Eat nothing in the evening."),
        (ENGLISH, "You must not eat anything for three days."),
        (ENGLISH, "There is nothing to drink before noon."),
        (ENGLISH, "Drink nothing with the meal."),
        (HEBREW, "אל תאכלו כלום בערב."),
        (HEBREW, "אסור לאכול דבר שלושה ימים."),
    ],
)
def test_ban_at_other_times_than_the_documents_is_not_asked_for(document: Fasts, sentence: str) -> None:
    assert document.find_unasked(sentence) is not None


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (ENGLISH, "Eat nothing after midnight."),
        (ENGLISH, "After midnight you may not eat anything."),
        (ENGLISH, "Drink nothing hot in the evening."),
        (ENGLISH, "Eat nothing with nuts in the evening."),
        (ENGLISH, "Eat something in the evening."),
        (HEBREW, "אחרי חצות אל תאכלו כלום."),
        (HEBREW, "אל תאכלו כלום מתוק בערב."),
        (Fasts(["Keep it dry."], "en"), "Eat nothing in the evening."),
        (Fasts(["Esst abends eine Suppe."], "de"), "Eat nothing in the evening."),
    ],
)
def test_ban_of_the_document_or_of_one_kind_of_food_is_no_other(document: Fasts, sentence: str) -> None:
    assert document.find_unasked(sentence) is None
