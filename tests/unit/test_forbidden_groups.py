"""Groups of people to whom a document forbids something, held against sentences that let them."""

import pytest

from workflows.text.grounding.grounding import Evidence

TABLETS = Evidence(
    "Ramipril tablets\n\nTake one tablet a day. Do not use it if you are pregnant or breastfeeding. Do not take it if "
    "you are allergic to ramipril. Children under 12 must not take it. If you have weak kidneys, you mustn't take it."
)
GEL = Evidence(
    "Rub a thin layer on the sore place. Not for children under 14. People with asthma should not use it. "
    "You can use it while breastfeeding."
)
HEBREW = Evidence(
    "טבליות רמיפריל\n\nקחו טבליה אחת ביום. אין להשתמש בו בהיריון או בזמן הנקה. ילדים מתחת לגיל 12 לא ייקחו אותו.",
    "he",
)
ORGANS = Evidence("Do not use it if you have liver disease or if your kidneys are damaged.")
FORBIDDEN = ("opposite", "the document forbids this")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Use it if you are pregnant.",
                "If you are pregnant, take it in the evening.",
                "Pregnant women can take it.",
                "Take it while you are pregnant.",
                "Expectant mothers can use it.",
                "You can take it if you are expecting a baby.",
                "It doesn't matter if you are pregnant.",
                "Pregnant? Take it all the same.",
                "Being pregnant is no reason not to take it.",
                "If you are breastfeeding, you can use it.",
                "Take it even if you are allergic to ramipril.",
                "A child of ten may take it.",
                "Even with bad kidneys you can take it.",
            )
        ),
        *((GEL, sentence) for sentence in ("Kids may use it.", "If you have asthma, use it.")),
        *(
            (HEBREW, sentence)
            for sentence in (
                "נשים בהיריון יכולות לקחת אותו.",
                "השתמשו בו אם אתן בהיריון.",
                "גם בהיריון קחו אותו.",
                "אם את מניקה, אפשר לקחת אותו.",
                "ילדים יכולים לקחת אותו.",
            )
        ),
    ],
)
def test_sentence_that_lets_a_group_take_what_is_forbidden_to_it_is_an_opposite(
    document: Evidence, sentence: str
) -> None:
    assert document.check(sentence) == FORBIDDEN


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Do not use it if you are pregnant.",
                "Pregnant women must not take it.",
                "If you are pregnant, talk to your doctor.",
                "It isn't for women who are pregnant or breastfeeding.",
                "If you aren't pregnant, you can take it.",
                "You can take it unless you are pregnant.",
                "Are you pregnant? Then it isn't for you.",
                "Pregnant women can ask us.",
                "If you become pregnant, stop taking it and call your doctor.",
                "If you are pregnant, you may drink water.",
                "Children over 12 may take it.",
                "Keep it away from children.",
                "If you are allergic to it, don't take it.",
            )
        ),
        *(
            (GEL, sentence)
            for sentence in ("Breastfeeding mothers may use it.", "If you have no asthma, you may use it.")
        ),
        *(
            (ORGANS, f"If {organs}, you can take it.")
            for organs in (
                "your liver is healthy",
                "you have healthy kidneys",
                "your kidneys work really well",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "נשים בהיריון לא ייקחו אותו.",
                "אם את בהיריון, ספרי לרופא.",
                "אם את בהיריון, אל תיקחי אותו.",
                "ילדים מתחת לגיל 12 לא ייקחו אותו.",
                "אם אינך בהיריון, אפשר לקחת אותו.",
            )
        ),
    ],
)
def test_sentence_that_forbids_it_too_or_is_of_others_is_none(document: Evidence, sentence: str) -> None:
    assert document.check(sentence) != FORBIDDEN


@pytest.mark.parametrize(
    ("language", "document", "sentence"),
    [
        *(
            ("en", document, "Use it if you are pregnant.")
            for document in (
                "Pregnant women should avoid it.",
                "Not to be used in pregnancy.",
                "Contraindicated in pregnancy.",
                "This medicine is not suitable for pregnant women.",
                "Do not take this medicine:\n- if you are pregnant\n- if you have a fever\n",
                "If you are pregnant, this medicine is forbidden.",
            )
        ),
        ("he", "אסור לנשים בהיריון.", "אם את בהיריון, קחי אותה."),
        ("he", "נשים הרות לא ייקחו את התרופה.", "אפשר לקחת אותה בהיריון."),
    ],
)
def test_document_may_forbid_it_to_a_group_in_many_words(language: str, document: str, sentence: str) -> None:
    assert Evidence(document, language).check(sentence) == FORBIDDEN
