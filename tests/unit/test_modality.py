"""Modality: what a clause asks for, allows, forbids or exempts from, held against a document's clauses."""

import pytest

from workflows.text.grounding.grounding import Evidence
from workflows.text.modality.modality import read_statements

TABLETS = Evidence(
    "Swallow the tablets whole. Alcohol makes the drowsiness worse. Ask your doctor before you take anything else. "
    "Finish the course. Take one tablet with each meal. Stay upright for half an hour. "
    "Call us if you have a rash or swollen lips."
)
WOUND = Evidence(
    "Do not shower for two days; after two days you may shower. Keep the cut dry. Wear the sling. Use your crutches. "
    "Someone must drive you home. Keep creams in the fridge."
)
HEBREW = Evidence(
    "יש לבלוע את הכדורים בשלמותם. הימנעו מאלכוהול. שאלו את הרופא לפני כל תרופה אחרת. אין להתקלח יומיים; "
    "אחרי יומיים מותר להתקלח. השתמשו במחט חדשה. פנו לרופא אם מופיעה פריחה.",
    "he",
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Alcohol is fine.",
                "A beer won't hurt.",
                "Don't ask your doctor.",
                "There's no need to tell your doctor.",
                "Nobody has to know what else you take, so take it.",
                "Crush the tablets.",
                "Break the tablets in half.",
                "You can stop as soon as you feel better.",
                "Lie down right after it.",
                "Swollen lips are quite normal.",
                "If you have a rash, wait a few days.",
                "Change the dose without asking anyone.",
            )
        ),
        *(
            (WOUND, sentence)
            for sentence in (
                "You may shower today.",
                "Have a shower at once.",
                "You can swim.",
                "Take the sling off.",
                "You can walk without crutches.",
                "Drive home yourself.",
                "Leave the creams on the windowsill.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "כתשו את הכדורים.",
                "כוס יין זה בסדר.",
                "אל תשאלו את הרופא.",
                "מותר להתקלח היום.",
                "השתמשו שוב באותה מחט.",
                "פריחה היא דבר רגיל.",
            )
        ),
    ],
)
def test_sentence_that_allows_what_a_document_rules_out_is_an_opposite(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "opposite"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Don't crush the tablets.",
                "No wine.",
                "Don't hesitate to ask your doctor.",
                "Never be too shy to ask your doctor.",
                "Don't go to bed for half an hour.",
                "If you have a rash, call us.",
                "Don't worry about asking your doctor.",
                "Let me tell you about alcohol.",
            )
        ),
        *(
            (WOUND, sentence)
            for sentence in (
                "After two days you may shower.",
                "After 48 hours a shower is fine.",
                "Keep the sling on.",
                "Let a friend drive you home.",
                "Walk with your crutches.",
                "Don't take the sling off.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "אל תכתשו את הכדורים.",
                "בלי יין.",
                "אל תהססו לשאול את הרופא.",
                "אחרי יומיים אפשר להתקלח.",
                "קחו מחט חדשה.",
                "אם מופיעה פריחה, פנו לרופא.",
            )
        ),
    ],
)
def test_sentence_that_says_it_as_the_document_does_is_none(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"


@pytest.mark.parametrize(
    ("sentence", "language", "modality"),
    [
        ("You may shower.", "en", "permission"),
        ("A swim won't hurt.", "en", "permission"),
        ("Do not shower.", "en", "prohibition"),
        ("You needn't wash your hands.", "en", "exemption"),
        ("Don't forget to shake it.", "en", "obligation"),
        ("Shake it.", "en", "obligation"),
        ("It is a bottle.", "en", None),
        ("מותר להתקלח.", "he", "permission"),
        ("אין להתקלח.", "he", "prohibition"),
        ("אין צורך לנער.", "he", "exemption"),
        ("נערו את הבקבוק.", "he", "obligation"),
        ("זה בקבוק.", "he", None),
    ],
)
def test_clause_has_the_modality_that_its_words_tell(
    sentence: str, language: str, modality: str | None
) -> None:
    assert [one.modality for one in read_statements(sentence, language)] == [modality]


def test_clause_that_begins_with_what_the_document_forbids_is_a_request_for_it() -> None:
    document = Evidence("Do not wake the child for a dose.")
    assert document.check("Wake her at night.") == ("opposite", "the document forbids this")


def test_limit_of_a_clause_is_no_part_of_what_it_is_about() -> None:
    (statement,) = read_statements("Do not drive until the next day.", "en")
    assert (" ".join(statement.words), statement.is_until) == ("do not drive", True)


def test_case_that_is_a_list_limits_as_a_whole() -> None:
    (statement,) = read_statements("Call us if it is red, swollen or hot.", "en")
    assert statement.is_case and {"red", "swollen", "hot"} <= statement.limits


@pytest.mark.parametrize(
    "limit", ["while you take Paramolin", "while taking this medicine", "as long as you are on the tablets"]
)
@pytest.mark.parametrize("sentence", ["You can have a glass of wine with dinner.", "You may drink beer."])
def test_what_is_forbidden_for_the_time_of_the_treatment_is_forbidden_to_its_reader(
    limit: str, sentence: str
) -> None:
    document = Evidence(f"You may drink water and tea. Do not drink alcohol {limit}.")
    assert document.check(sentence) == ("opposite", "the document forbids this")


@pytest.mark.parametrize(
    "sentence",
    [
        "You may drink alcohol again once you have finished it.",
        "You can have a beer when the course is over.",
    ],
)
def test_what_is_forbidden_for_the_time_of_the_treatment_is_not_forbidden_after_it(sentence: str) -> None:
    document = Evidence("Do not drink alcohol while you take these tablets.")
    assert document.check(sentence) != ("opposite", "the document forbids this")
