"""Pairs such as "with food" and "without food": a sentence says the one, its document the other."""

import pytest

from workflows.text.grounding.grounding import Evidence

ENGLISH = Evidence(
    "Take the blood thinner once a day in the evening, with food. Keep the bandage dry for 3 days. "
    "Take the antacid before meals. Eat light meals. Wash the mouthpiece in warm water. Keep your knee straight. "
    "Do not swallow the lozenge whole. You may take the vitamin in the morning or in the evening. "
    "If the cream feels cold, wait a little. Do not get the plaster wet."
)
HEBREW = Evidence(
    "יש ליטול את מדלל הדם פעם ביום בערב עם אוכל. יש לשמור על החבישה יבשה 3 ימים. "
    "קחו את הוויטמין בבוקר או בערב. אכלו ארוחות קלות. שטפו את הפה במים חמים.",
    "he",
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (ENGLISH, sentence)
            for sentence in (
                "Take the blood thinner without food.",
                "Take the blood thinner on an empty stomach.",
                "Take the blood thinner in the morning.",
                "You can take the blood thinner every morning.",
                "Keep the bandage wet.",
                "Get the bandage wet.",
                "Don't keep the bandage dry.",
                "Take the antacid after meals.",
                "Eat heavy meals.",
                "Wash the mouthpiece in cold water.",
                "Keep your knee bent.",
                "Keep the plaster wet.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "קחו את מדלל הדם בבוקר.",
                "קחו את מדלל הדם בלי אוכל.",
                "קחו את מדלל הדם על קיבה ריקה.",
                "שמרו על החבישה רטובה.",
                "הרטיבו את החבישה.",
                "אכלו ארוחות כבדות.",
                "שטפו את הפה במים קרים.",
            )
        ),
    ],
)
def test_sentence_that_says_the_other_side_of_a_pair_is_an_opposite(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "opposite"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (ENGLISH, sentence)
            for sentence in (
                "Take the blood thinner every evening.",
                "Take the blood thinner with a meal.",
                "Never take the blood thinner on an empty stomach.",
                "Don't get the bandage wet for three days.",
                "If the bandage gets wet, call us.",
                "Take the vitamin in the morning.",
                "Take the vitamin in the evening.",
                "The knee may feel warm.",
                "Keep the plaster dry.",
                "Good morning, how is your bandage?",
                "Rub in the cream while it is warm.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "קחו את מדלל הדם כל ערב.",
                "אל תיקחו את מדלל הדם בלי אוכל.",
                "שמרו על החבישה יבשה.",
                "אל תרטיבו את החבישה.",
                "קחו את הוויטמין בבוקר.",
                "בוקר טוב, מה שלום החבישה?",
                "אם החבישה רטובה, החליפו אותה.",
            )
        ),
    ],
)
def test_sentence_that_says_the_same_side_or_of_something_else_passes(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"


TABLETS = Evidence("Take one tablet twice a day with food. Drink plenty of water.")
HUNGRY = Evidence("Take one tablet a day on an empty stomach.")
TABLETS_IN_HEBREW = Evidence("קח כדור אחד פעמיים ביום עם אוכל.", "he")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (TABLETS, "Take it on an empty stomach."),
        (TABLETS, "Take one tablet before food."),
        (TABLETS, "Take it before a meal."),
        (TABLETS, "Take the tablet without food."),
        (HUNGRY, "Take it with food."),
        (HUNGRY, "Take the tablet with a meal."),
        (HUNGRY, "Take it after food."),
        (TABLETS_IN_HEBREW, "קח את הכדור על קיבה ריקה."),
        (TABLETS_IN_HEBREW, "קח אותו לפני האוכל."),
    ],
)
def test_dose_beside_food_is_compared_though_its_medicine_is_not_named(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "opposite"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (TABLETS, "Take it with a meal."),
        (TABLETS, "Never take it on an empty stomach."),
        (HUNGRY, "Take it on an empty stomach."),
        (TABLETS_IN_HEBREW, "קח אותו עם אוכל."),
    ],
)
def test_dose_beside_food_as_the_document_says_it_passes(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"


@pytest.mark.parametrize(
    ("document", "language", "sentence"),
    [
        ("Press gently on the spot.", "en", "Press hard on the spot."),
        ("Rub the cream in lightly.", "en", "Rub the cream in with force."),
        ("לחצו בעדינות על המקום.", "he", "לחצו בכוח על המקום."),
    ],
)
def test_force_where_the_document_says_gently_is_a_conflict(
    document: str, language: str, sentence: str
) -> None:
    assert Evidence(document, language).check(sentence) is not None
    assert Evidence(document, language).check(document) is None


@pytest.mark.parametrize(
    ("sentence", "is_fault"), [("Don't take it before food.", False), ("Don't take it with food.", True)]
)
def test_denial_of_one_side_of_a_meal_says_nothing_against_the_other(sentence: str, is_fault: bool) -> None:
    assert (Evidence("Take it with food.").check(sentence) is not None) == is_fault
    assert Evidence("Take it before food.").check("Don't take it before food.") is not None


def test_name_of_what_the_whole_document_is_about_tells_no_two_instructions_apart() -> None:
    document = Evidence("You were given Paramolin. Take one tablet every 6 hours with food.")
    assert document.check("Never take Paramolin with food.") == ("opposite", 'the document says "with food"')
