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


@pytest.mark.parametrize(
    "sentence",
    [
        "You feel dizzy when you eat nothing in the evening.",
        "Those who eat nothing in the evening feel dizzy.",
        "If you have eaten nothing in the evening, call us.",
        "It is dangerous to eat nothing for days.",
        "Never eat nothing for a whole day.",
        "Dana did not eat anything before noon.",
    ],
)
def test_sentence_that_tells_of_a_fast_or_warns_of_it_bans_nothing(sentence: str) -> None:
    assert ENGLISH.find_unasked(sentence) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "When you come home, eat nothing for three days.",
        "It is not dangerous to eat nothing for three days.",
        "If you are sick, drink nothing for a day.",
    ],
)
def test_ban_in_a_sentence_with_a_condition_is_one(sentence: str) -> None:
    assert ENGLISH.find_unasked(sentence) is not None


@pytest.mark.parametrize(
    ("language", "document", "sentence"),
    [
        ("en", "Fast for eight hours before the test.", "Don't eat for eight hours before the test."),
        ("en", "You must have an empty stomach for the test.", "Eat nothing before the test."),
        ("en", "Take nothing by mouth for two hours after it.", "Do not eat for two hours after it."),
        ("en", "Avoid food for an hour after the tablet.", "Don't eat for an hour after taking the tablet."),
        ("he", "אין לאכול או לשתות שעתיים אחרי הטיפול.", "אל תאכלו כלום שעתיים אחרי הטיפול."),
        ("he", "אין לאכול מחצות ועד הבדיקה.", "אל תאכלו כלום עד הבדיקה."),
        ("he", "יש לצום שמונה שעות לפני הבדיקה.", "אל תאכלו כלום לפני הבדיקה."),
    ],
)
def test_fast_of_the_document_in_other_words_bears_a_ban_out(
    language: str, document: str, sentence: str
) -> None:
    meal = {"en": "Eat a light meal in the evening.", "he": "אכלו ארוחה קלה בערב."}[language]
    assert Fasts([document, meal], language).find_unasked(sentence) is None
    assert Fasts([meal], language).find_unasked(sentence) is not None


@pytest.mark.parametrize(
    "document", ["You don't have to fast before the test.", "Do not eat fast in the evening."]
)
def test_document_that_asks_for_no_fast_bears_none_out(document: str) -> None:
    fasts = Fasts([document, "Eat a light meal."], "en")
    assert fasts.find_unasked("Eat nothing before the test in the evening.") is not None


@pytest.mark.parametrize(
    ("language", "document", "sentence", "is_same"),
    [
        ("en", "Do not eat for 4 hours before the test.", "Eat nothing for half a day.", False),
        ("en", "Do not eat for 4 hours before the test.", "Fast for a whole day.", False),
        ("en", "Do not eat for 4 hours before the test.", "Eat nothing for four hours.", True),
        ("en", "Do not eat for 24 hours.", "Fast for a whole day.", True),
        ("en", "Do not eat for 4 hours.", "Don't eat before the test, which takes 20 minutes.", True),
        ("he", "אין לאכול 4 שעות לפני הבדיקה.", "אל תאכלו יום שלם.", False),
        ("he", "אין לאכול 4 שעות לפני הבדיקה.", "אין לאכול ארבע שעות לפני הבדיקה.", True),
    ],
)
def test_fast_of_another_time_than_the_documents_is_not_asked_for(
    language: str, document: str, sentence: str, is_same: bool
) -> None:
    assert (Fasts([document], language).find_unasked(sentence) is None) == is_same
