"""Bounds of quantities, what comes before or after what, and durations, held against a document by words."""

import pytest

from workflows.formats.education_audio.grounding import UNSAFE_KINDS
from workflows.text.grounding.grounding import Evidence

IRON = (
    "Take one tablet of 60 milligrams in the morning, one hour before breakfast. Call your doctor if you have a fever "
    "above 38 degrees. Adults take at most two tablets a day, children over 6 years half a tablet. Take the tablets "
    "for at least three months. Store them below 25 degrees."
)
TOOTH = (
    "Bite on the gauze for 30 minutes. From the second day rinse gently with salt water after each meal. Do not smoke "
    "for 48 hours. Cool the cheek for 10 minutes at a time, then pause for 20 minutes. Do not take more than 3 tablets "
    "a day. Call us if it bleeds for more than four hours."
)
REFLUX = (
    "Feed the baby every three hours, at most 120 millilitres at a time. Hold the baby upright for 20 minutes after "
    "each feed. Thicken the milk before you warm it. Give the drops 15 minutes before the feed. The room should be "
    "warmer than 18 degrees. See us if the baby vomits more than five times a day."
)


def is_marked(document: str, sentence: str) -> bool:
    found = Evidence(document).check(sentence)
    return found is not None and found[0] in UNSAFE_KINDS


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (IRON, "Adults take at least two tablets a day."),
        (IRON, "Children under 6 years take half a tablet."),
        (IRON, "Take the tablets for at most three months."),
        (IRON, "Store them above 25 degrees."),
        (IRON, "Call your doctor if you have a fever below 38 degrees."),
        (IRON, "Take one tablet one hour after breakfast."),
        (IRON, "Children under 6 get half a tablet."),
        (TOOTH, "Call us if it bleeds for less than four hours."),
        (TOOTH, "Rinse gently with salt water before each meal."),
        (TOOTH, "Cool the cheek for 20 minutes at a time."),
        (TOOTH, "Bite on the gauze for 48 hours."),
        (REFLUX, "Give the baby at least 120 millilitres at a time."),
        (REFLUX, "Thicken the milk after you warm it."),
        (REFLUX, "Give the drops 15 minutes after the feed."),
        (REFLUX, "The room should be colder than 18 degrees."),
        (REFLUX, "See us if the baby vomits less than five times a day."),
    ],
)
def test_sentence_that_turns_a_bound_an_order_or_a_duration_round_is_marked(
    document: str, sentence: str
) -> None:
    assert is_marked(document, sentence)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (IRON, "No more than two tablets a day for adults."),
        (IRON, "Go on for three months or longer."),
        (IRON, "Don't store them above 25 degrees."),
        (IRON, "If your fever is below 38 degrees, you needn't call."),
        (IRON, "Only children over 6 years take half a tablet."),
        (IRON, "An hour after the tablet you can have breakfast."),
        (TOOTH, "More than 3 tablets a day are too many, so don't take them."),
        (TOOTH, "Less than four hours of bleeding is normal."),
        (TOOTH, "Bite on the gauze for half an hour."),
        (TOOTH, "Don't smoke for two days."),
        (REFLUX, "No less than 18 degrees in the room."),
        (REFLUX, "Fewer than five times a day is nothing to worry about."),
        (REFLUX, "Give the drops a quarter of an hour before you feed the baby."),
        (REFLUX, "Never more than 120 millilitres at a time."),
    ],
)
def test_sentence_that_says_the_same_bound_order_or_duration_in_other_words_is_not_marked(
    document: str, sentence: str
) -> None:
    assert not is_marked(document, sentence)


def test_bound_said_from_its_other_side_covers_nothing_that_is_said_beside_it() -> None:
    document = f"{IRON} Do not take them with calcium."
    assert is_marked(document, "Don't store them above 25 degrees, and take them with calcium.")


def test_bound_of_which_the_document_has_both_sides_may_be_said_either_way() -> None:
    document = "Rest if your pulse is above 120 beats. Walk on if your pulse is below 120 beats."
    assert not is_marked(document, "Walk on if your pulse is below 120 beats.")
    assert not is_marked(document, "Rest if your pulse is above 120 beats.")
