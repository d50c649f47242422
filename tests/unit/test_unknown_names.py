"""Names of medicines that a document doesn't have, listed or not."""

import pytest

from workflows.text.clauses.names import find_unknown_names


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("קחו זורבקס.", "זורבקס"),
        ("זורבקס עוזר לכם.", "זורבקס"),
        ("אפשר לקחת קסרלטו יחד איתו.", "קסרלטו"),
        ("קחו אליקוויס במקומו.", "אליקוויס"),
        ("קחו טרומביל עם אוכל.", "טרומביל"),
        ("אפשר גם אמוקסיצילין.", "אמוקסיצילין"),
        ("Zorbax helps you.", "Zorbax"),
        ("Pradaxa can be taken with it.", "Pradaxa"),
    ],
)
def test_name_of_a_medicine_is_told_by_a_list_its_ending_or_its_place(sentence: str, name: str) -> None:
    assert find_unknown_names(sentence, ()) == [name]
    assert find_unknown_names(sentence, {name.casefold()}) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "קחו נשימה עמוקה.",
        "קחו בבוקר עם אוכל.",
        "קחו רק כדור אחד.",
        "ליטול אחרי האוכל.",
        "לקחת פעמיים ביום.",
        "קחו ארבע פעמים ביום.",
        "קחו איתכם את הרשימה.",
        "לקחת צעד אחורה.",
        "תנו חיבוק.",
        "בבדיקה רואים רפלקס.",
        "התור שלכם באפריל.",
        "Relax and breathe.",
        "Reflux is common.",
    ],
)
def test_word_that_is_no_name_of_a_medicine_is_none(sentence: str) -> None:
    assert find_unknown_names(sentence, ()) == []
