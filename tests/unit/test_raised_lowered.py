"""What a medicine raises or lowers, held against a document that says the contrary."""

import pytest

from workflows.text.grounding.grounding import Evidence

TABLETS = Evidence("Ramipril tablets\n\nRamipril lowers your blood pressure. It widens the blood vessels.")
HEBREW = Evidence("טבליות רמיפריל\n\nרמיפריל מוריד את לחץ הדם ומרחיב את כלי הדם. התרופה מאטה את הדופק.", "he")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "Ramipril raises your blood pressure.",
                "It increases blood pressure.",
                "It makes your blood pressure go up.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "רמיפריל מעלה את לחץ הדם.",
                "התרופה מעלה את לחץ הדם.",
                "רמיפריל מגביר את לחץ הדם.",
                "התרופה מאיצה את הדופק.",
                "התרופה מעלה לחץ דם.",
            )
        ),
    ],
)
def test_sentence_that_has_it_go_the_other_way_is_an_opposite(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "opposite", found


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *(
            (TABLETS, sentence)
            for sentence in (
                "It brings your blood pressure down.",
                "It reduces blood pressure.",
                "Your blood pressure may rise if you stop.",
                "It doesn't raise your blood pressure.",
            )
        ),
        *(
            (HEBREW, sentence)
            for sentence in (
                "התרופה מורידה את לחץ הדם.",
                "רמיפריל מפחית את לחץ הדם.",
                "רמיפריל לא מעלה את לחץ הדם.",
                "לחץ דם גבוה מעלה את הסיכון לשבץ.",
            )
        ),
    ],
)
def test_sentence_that_has_it_go_the_same_way_is_none(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words", found
