"""Shares of what is usually taken: "half of your usual medicines"."""

import pytest

from workflows.text.grounding.grounding import Evidence

SCAN = Evidence("Your scan\n\nTake your usual medicines in the morning. The results come after half an hour.")
HALVES = Evidence("Take half a tablet in the morning. Half of the dose is enough for a child.")
HEBREW = Evidence("בדיקת MRI\n\nקחו את התרופות הרגילות שלכם. הבדיקה אורכת חצי שעה.", "he")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (SCAN, sentence)
            for sentence in (
                "Take half of your usual medicines.",
                "Take only half of your medicines.",
                "Take a quarter of your usual tablets.",
                "Take twice your usual dose.",
                "Leave out half of your usual medicines.",
            )
        ),
        *((HEBREW, sentence) for sentence in ("קחו חצי מהתרופות הרגילות.", "קחו רק מחצית מהתרופות.")),
    ],
)
def test_share_of_a_dose_that_the_document_does_not_ask_for_is_found(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] in ("number", "opposite"), found


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (SCAN, "Take your usual medicines."),
        (SCAN, "Half of my patients take their medicines with them."),
        (SCAN, "After half an hour the results come."),
        (HALVES, "Take half of the tablet in the morning."),
        (HALVES, "Give a child half of the dose."),
        (HEBREW, "קחו את התרופות הרגילות."),
        (HEBREW, "לחץ הדם שלי עולה כשאני רץ."),
        (HEBREW, "חצי מהמטופלים שואלים את זה."),
        (HEBREW, "הבדיקה אורכת חצי שעה."),
    ],
)
def test_share_that_the_document_has_or_that_is_of_something_else_is_none(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words", found
