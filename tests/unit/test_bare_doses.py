"""Numbers of doses that nothing names: "take two the next time"."""

import pytest

from workflows.text.grounding.grounding import Evidence

TABLETS = Evidence(
    "Take one 5 mg tablet once a day. If you forget a tablet, take the next one at the usual time; never take two at "
    "once to make up for a forgotten one."
)
TOGETHER = Evidence("Take one 5 mg tablet twice a day. Do not take two doses together.")
TOGETHER_HEBREW = Evidence('קחו טבליה אחת של 5 מ"ג פעמיים ביום. אין לקחת שתי מנות יחד.', "he")
HEBREW = Evidence(
    'קחו טבליה אחת של 5 מ"ג פעם ביום. אם שכחתם מנה, קחו את הבאה בזמן הרגיל; אין ליטול שתיים בבת אחת.', "he"
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Take two the next time.",
                "If you forget one, take two.",
                "Take five the following day.",
                "Make up for a forgotten tablet with two at once.",
                "Take another one the next day.",
            )
        ),
        (TOGETHER, "Take two doses together."),
        (TOGETHER, "If you miss one, take two in the evening."),
        (TOGETHER_HEBREW, "קחו שתי מנות יחד."),
        (TOGETHER_HEBREW, "אם שכחתם מנה, קחו שתיים."),
        *(
            (HEBREW, sentence)
            for sentence in ("אם שכחתם מנה, קחו שתיים.", "קחו שתיים בפעם הבאה.", "קחו חמש ביחד.")
        ),
    ],
)
def test_number_of_doses_that_the_document_does_not_ask_for_is_found(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] in ("number", "opposite"), found


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Never take two at once.",
                "Don't take two at once.",
                "Two things matter with this tablet.",
                "I have two questions.",
                "Should I take two?",
                "If you forget one, take the next one as usual.",
            )
        ),
        (TOGETHER, "Never take two doses together."),
        (TOGETHER_HEBREW, "אל תיקחו שתי מנות יחד."),
        *((HEBREW, sentence) for sentence in ("אל תיקחו שתיים בבת אחת.", "אין ליטול שתיים יחד.")),
    ],
)
def test_number_of_doses_that_is_refused_or_counts_something_else_is_none(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words", found
