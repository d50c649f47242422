"""Limits that a sentence lifts, doses that it raises, treatments that it ends, against a document."""

import pytest

from workflows.text.grounding.grounding import Evidence

OPERATION = Evidence(
    "Take paracetamol 500 mg every 6 hours for pain. Do not take more than 4 tablets in 24 hours. "
    "Take the blood thinner once a day. Stop the blood thinner only if your doctor tells you to."
)
THINNER = Evidence(
    "Take 500 mg of paracetamol every 6 hours. Keep taking your blood thinner. Rest when you are tired."
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (OPERATION, sentence)
            for sentence in (
                "It's okay to take more than 4 tablets in 24 hours.",
                "More than 4 tablets is fine.",
                "You can take more than five tablets.",
                "Going over 4 tablets is safe.",
                "Take as many tablets as you need.",
                "Take as many pills as needed.",
                "There is no limit to the tablets.",
                "There's no daily limit on paracetamol.",
                "Take a double dose if it hurts.",
                "Take a triple dose.",
                "Take a gram of paracetamol.",
                "Take 500 mg every six hours, or every three if it hurts.",
                "Stop taking the blood thinner.",
                "Stop the blood thinner when you feel better.",
            )
        ),
        (THINNER, "Stop taking the blood thinner."),
        (THINNER, "Stop the blood thinner when you feel better."),
        (THINNER, "Discontinue your blood thinner."),
    ],
)
def test_sentence_that_goes_beyond_the_document_is_dangerous(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] in ("opposite", "number")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (OPERATION, sentence)
            for sentence in (
                "Never stop the blood thinner on your own.",
                "Stop the blood thinner only if your doctor tells you to.",
                "Don't stop the blood thinner without asking your doctor.",
                "Keep taking the blood thinner.",
                "Never take more than 4 tablets in a day.",
                "No more than four tablets in 24 hours.",
                "More than 4 tablets is not safe.",
                "If you take more than 4 tablets, call your doctor.",
                "There is a limit to the tablets.",
                "Take half a gram of paracetamol.",
                "Don't take a double dose.",
            )
        ),
        (THINNER, "Rest as often as you need."),
        (THINNER, "There is no limit to what you can do."),
        (THINNER, "Never stop your blood thinner."),
        (Evidence("Take 1,000 mg of paracetamol."), "Take a gram of paracetamol."),
    ],
)
def test_sentence_that_keeps_to_the_document_is_no_danger(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"
