"""Quotations of a document as evidence: about the same thing, and not at odds with the sentence."""

import pytest

from workflows.text.grounding.grounding import Evidence, UnsupportedKind
from workflows.text.grounding.quotations import Quotations, is_quoted
from workflows.text.words import fold_words

TEXT = (
    "Water is fine. The test takes 5 minutes. Do not take ibuprofen. Press on the spot for 3 minutes afterwards. "
    "Smoking is not allowed for 2 days. Drink from the tap as you like. The pharmacy is open until noon."
)
ENGLISH = Quotations("Before your blood test", TEXT, "en")
HEBREW = Quotations("לפני בדיקת דם", "מותר לשתות מים. הבדיקה נמשכת 5 דקות. אסור לאכול לחם.", "he")


@pytest.mark.parametrize(
    ("document", "sentence", "quotation", "kind"),
    [
        (ENGLISH, "Water is forbidden.", "The test takes 5 minutes", "opposite"),
        (ENGLISH, "Water is forbidden before the test.", "The test takes 5 minutes", "opposite"),
        (ENGLISH, "Water is forbidden.", "Water is fine.", "opposite"),
        (ENGLISH, "Water is forbidden.", "Smoking is not allowed", "opposite"),
        (ENGLISH, "Take ibuprofen.", "take ibuprofen", "opposite"),
        (ENGLISH, "Ibuprofen is fine before the test.", "Do not take ibuprofen", "opposite"),
        (ENGLISH, "A cigarette is fine.", "Smoking is", "opposite"),
        (ENGLISH, "Press for 5 minutes.", "Press on the spot for 3 minutes", "number"),
        (ENGLISH, "Press for 5 minutes.", "The test takes 5 minutes", "number"),
        (ENGLISH, "Milk is fine.", "The test takes 5 minutes", "name"),
        (HEBREW, "אסור לשתות מים.", "הבדיקה נמשכת 5 דקות", "opposite"),
        (HEBREW, "אסור לשתות מים.", "מותר לשתות מים", "opposite"),
        (HEBREW, "מותר לאכול לחם.", "לאכול לחם", "opposite"),
        (HEBREW, "אסור לשתות מים.", "אסור לאכול", "opposite"),
    ],
)
def test_quotation_of_something_else_or_of_the_contrary_bears_nothing_out(
    document: Quotations, sentence: str, quotation: str, kind: UnsupportedKind
) -> None:
    assert not document.bears_out(quotation, sentence, kind)


@pytest.mark.parametrize(
    ("document", "sentence", "quotation", "kind"),
    [
        (ENGLISH, "Nothing keeps you from the tap.", "Drink from the tap as you like", "opposite"),
        (ENGLISH, "You may have water.", "Water is fine", "opposite"),
        (ENGLISH, "Water is fine before the test.", "Water is fine", "opposite"),
        (ENGLISH, "No cigarettes.", "Smoking is not allowed", "opposite"),
        (ENGLISH, "It's over in five minutes.", "The test takes 5 minutes", "number"),
        (ENGLISH, "Buy it at the pharmacy.", "The pharmacy … until noon", "name"),
        (HEBREW, "אפשר מים.", "מותר לשתות מים", "opposite"),
        (HEBREW, "חמש דקות והבדיקה נגמרת.", "הבדיקה נמשכת 5 דקות", "number"),
    ],
)
def test_quotation_on_the_same_thing_bears_a_paraphrase_out(
    document: Quotations, sentence: str, quotation: str, kind: UnsupportedKind
) -> None:
    assert document.bears_out(quotation, sentence, kind)


@pytest.mark.parametrize(
    ("quotation", "stands"),
    [
        ("water IS fine", True),
        ("Press … for 3 minutes", True),
        ("Press [...] afterwards", True),
        ("for 3 minutes … Water is fine", False),  # in another order it is another text
        ("water", False),
        ("…", False),
        ("Water is bad", False),
    ],
)
def test_quotation_stands_in_the_document_word_for_word_and_in_order(quotation: str, stands: bool) -> None:
    assert is_quoted(quotation, fold_words(TEXT)) is stands


@pytest.mark.parametrize(
    "sentence", ["Water is not a problem.", "Water is no problem.", "Water isn't a problem at all."]
)
def test_denied_trouble_is_a_permission_that_a_quotation_bears_out(sentence: str) -> None:
    assert ENGLISH.bears_out("Water is fine.", sentence, "opposite")
    assert Evidence(TEXT).check(sentence) is None
    assert Evidence("No water before the test.").check(sentence) is not None
