"""How long things last by a document, held against what a sentence says."""

import pytest

from workflows.text.grounding.grounding import Evidence

SCAN = Evidence(
    "The test takes about 20 minutes. You may go home an hour after the test. The results are ready after 3 days. "
    "It takes 2 weeks until the medicine works. You can drive again after one week. It doesn't hurt."
)
TREATMENT = Evidence(
    "A blood test is taken every month; it takes 5 minutes. The treatment lasts 16 weeks. It helps an hour later."
)
LAXATIVE = Evidence("The laxative begins to work after 1 to 3 hours. You can work again after 2 days.")
HEBREW = Evidence(
    "הבדיקה אורכת כ-20 דקות. אפשר ללכת הביתה שעה אחרי הבדיקה. התוצאות מוכנות אחרי 3 ימים.", "he"
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (SCAN, sentence)
            for sentence in (
                "The test takes an hour.",
                "The scan lasts half an hour.",
                "It lasts an hour.",
                "The test takes all day.",
                "The examination will take 2 weeks.",
                "The scan takes a few seconds.",
                "The results are ready at once.",
                "You get the results tomorrow.",
                "Your results will be back within an hour.",
                "It takes 3 days until the medicine works.",
                "It takes all morning.",
                "You can drive again the next day.",
                "You can drive again at once.",
            )
        ),
        (TREATMENT, "The blood test takes an hour."),
        (TREATMENT, "The treatment lasts 5 minutes."),
        *(
            (HEBREW, sentence)
            for sentence in (
                "הבדיקה אורכת שעה.",
                "הבדיקה נמשכת יום שלם.",
                "הבדיקה לוקחת 3 ימים.",
                "התוצאות מוכנות מיד.",
                "התוצאות מוכנות אחרי שעה.",
            )
        ),
    ],
)
def test_other_duration_of_a_thing_than_the_documents_is_found(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "number", found


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (SCAN, sentence)
            for sentence in (
                "The test takes about twenty minutes.",
                "The scan will take just 20 minutes.",
                "It lasts 20 minutes.",
                "You may go home after an hour.",
                "The results are ready after three days.",
                "You get the results in 3 days.",
                "After 2 weeks the medicine works.",
                "You can drive again after a week.",
                "It takes two weeks until the medicine works.",
                "It takes a while to get used to the noise.",
                "That took a minute to explain.",
                "It only takes a moment.",
            )
        ),
        (LAXATIVE, "The laxative takes one to three hours to work."),
        (LAXATIVE, "You can work again in two days."),
        *(
            (HEBREW, sentence)
            for sentence in (
                "הבדיקה אורכת עשרים דקות.",
                "הבדיקה נמשכת 20 דקות.",
                "התוצאות מוכנות אחרי שלושה ימים.",
                "זה לוקח רגע להסביר.",
            )
        ),
    ],
)
def test_same_duration_in_other_words_or_of_something_else_is_none(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words", found


@pytest.mark.parametrize(
    ("language", "document", "sentence"),
    [
        *(
            ("en", document, "The test takes an hour.")
            for document in (
                "Duration of the test: 20 minutes.",
                "You need 20 minutes for the test.",
                "Plan about 20 minutes for the test.",
                "It is a short test of 20 minutes.",
                "The examination usually takes between 20 and 30 minutes.",
            )
        ),
        ("en", "You may drive again after two days.", "You may drive at once."),
        ("he", "משך הבדיקה 20 דקות.", "הבדיקה אורכת שעה."),
        ("he", "הבדיקה נמשכת כעשרים דקות.", "הבדיקה אורכת שעה."),
    ],
)
def test_document_may_give_a_duration_in_many_words(language: str, document: str, sentence: str) -> None:
    found = Evidence(document, language).check(sentence)
    assert found is not None and found[0] == "number", found
