"""Check of a lesson by words: requests to leave out what the document asks for."""

import pytest

from workflows.text.grounding.grounding import Evidence

ENGLISH = Evidence(
    "Add a pinch of salt. Do not leave out the salt. Never forget to unplug the mixer before cleaning it. Rinse "
    "your mouth after the inhaler. Do not fail to check the rope before you climb. Eat a light meal before the "
    "blood test. Do not neglect to wash your hands. If you miss your eye drops, use them when you remember. Use "
    "your eye drops twice a day. Stir the sauce. Leave the sauce out if you cannot eat milk. Weigh the butter."
)
HEBREW = Evidence(
    "אל תשכחו לשטוף את הפה אחרי המשאף. אכלו ארוחה קלה לפני הבדיקה. אין להשמיט את המלח. שתו הרבה מים.", "he"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Leave the salt out.",
        "You can leave the salt out.",
        "Omit salt.",
        "Leave the salt out altogether.",
        "Forget to unplug it.",
        "Neglect to rinse your mouth.",
        "Fail to check the rope.",
        "Pass up the meal.",
        "Dispense with the meal.",
        "To save time, forgo the meal.",
        "Neglect washing your hands.",
        "Miss your eye drops.",
    ],
)
def test_request_to_leave_out_what_is_asked_for_is_found(sentence: str) -> None:
    found = ENGLISH.check(sentence)
    assert found is not None and found[0] == "opposite"


@pytest.mark.parametrize(
    "sentence",
    [
        "Never leave the salt out.",
        "Do not forget to unplug it.",
        "If you forget to unplug it, stop.",
        "You might forget to check the rope.",
        "Neglect to rinse your mouth and you may get sore.",
        "Leave the sauce out.",
        "Leave the butter out to soften.",
        "Leave the butter out of the fridge.",
        "Forget how the rope looks.",
        "Try not to miss your eye drops.",
        "Omit the pepper.",
    ],
)
def test_request_to_leave_out_something_else_and_a_warning_is_no_contradiction(sentence: str) -> None:
    found = ENGLISH.check(sentence)
    assert found is None or found[0] == "words"


@pytest.mark.parametrize(
    ("sentence", "is_found"),
    [
        ("תשכחו לשטוף.", True),
        ("השמיטו את המלח.", True),
        ("תדלגו על הארוחה.", True),
        ("אל תשכחו לשטוף.", False),
        ("אסור להשמיט את המלח.", False),
        ("אם תשכחו לשטוף, שטפו אחר כך.", False),
        ("השמיטו את הסוכר.", False),
    ],
)
def test_hebrew_request_to_leave_out_what_is_asked_for_is_found(sentence: str, is_found: bool) -> None:
    assert (HEBREW.check(sentence) is not None) == is_found
