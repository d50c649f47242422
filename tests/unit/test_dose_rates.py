"""How often doses are taken: once a day where the document says twice a day, however both are said."""

import pytest

from workflows.text.grounding.grounding import Evidence

TWICE = Evidence("Take one tablet twice a day. Water is fine. Weigh yourself every morning.")
THRICE = Evidence("Take two tablets three times a day after meals.")
WEEKLY = Evidence("Take one capsule twice a week. Use one puff twice an hour.")
DAILY = Evidence("Take one tablet once a day. Drink water every day. Walk twice every day.")
HEBREW = Evidence("קח כדור אחד פעמיים ביום. מותר לשתות מים.", "he")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (TWICE, "Take one tablet once a day."),
        (TWICE, "Take a tablet once daily."),
        (TWICE, "Take one tablet a day."),
        (TWICE, "Just a tablet a day."),
        (TWICE, "One tablet per day is enough."),
        (TWICE, "Take one tablet every day."),
        (TWICE, "Take one tablet each day."),
        (TWICE, "Take one tablet daily."),
        (TWICE, "Every day, take one tablet."),
        (TWICE, "Take one tablet three times daily."),
        (THRICE, "Take two tablets once a day."),
        (THRICE, "Take two tablets daily."),
        (THRICE, "Take two tablets every day."),
        (THRICE, "Take two tablets a day."),
        (WEEKLY, "Take one capsule once a week."),
        (WEEKLY, "Take one capsule a week."),
        (WEEKLY, "Take a capsule weekly."),
        (WEEKLY, "Use one puff once an hour."),
        (DAILY, "Take one tablet twice a day."),
        (DAILY, "Take one tablet once a week."),
        (HEBREW, "קח כדור אחד פעם ביום."),
        (HEBREW, "קח כדור פעם אחת ביום."),
        (HEBREW, "כדור אחד ביום."),
        (HEBREW, "קח כדור ביום."),
        (HEBREW, "קח כדור אחד כל יום."),
        (HEBREW, "קח כדור אחד מדי יום."),
        (HEBREW, "קח כדור אחד שלוש פעמים ביום."),
    ],
)
def test_dose_at_another_rate_than_the_document_gives_is_a_wrong_number(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] == "number"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (TWICE, "Take one tablet twice a day."),
        (TWICE, "Take one tablet twice daily."),
        (TWICE, "Take one tablet every 12 hours."),
        (TWICE, "Take one tablet twice every day."),
        (TWICE, "Take your tablets every day."),
        (TWICE, "Take a tablet every day, morning and evening."),
        (TWICE, "Weigh yourself every day."),
        (THRICE, "Take two tablets three times daily."),
        (DAILY, "Every day, drink water."),
        (DAILY, "Take one tablet a day."),
        (DAILY, "Take one tablet daily."),
        (DAILY, "Take one tablet every day."),
        (DAILY, "Take a tablet every 24 hours."),
        (DAILY, "Walk twice a day."),
        (HEBREW, "קח כדור אחד פעמיים ביום."),
        (HEBREW, "קח כדור אחד כל 12 שעות."),
        (HEBREW, "קח את הכדורים כל יום."),
        (HEBREW, "שתה מים כל יום."),
    ],
)
def test_dose_at_the_rate_of_the_document_passes_however_it_is_said(
    document: Evidence, sentence: str
) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"


def test_doses_in_24_hours_are_doses_a_day() -> None:
    document = Evidence("Take one tablet every 6 hours. Take no more than 4 tablets in 24 hours.")
    assert document.check("No more than four tablets a day.") is None
    assert document.check("No more than four tablets an hour.") is not None


@pytest.mark.parametrize(
    "sentence", ["Take four tablets every 6 hours.", "Every six hours, take four tablets."]
)
def test_number_of_doses_of_another_interval_is_strange(sentence: str) -> None:
    document = Evidence("Take one 500 mg tablet every 6 hours. Take no more than 4 tablets in 24 hours.")
    assert document.check(sentence) is not None
    assert document.check("Take one tablet every six hours.") is None


def test_number_of_a_range_of_doses_is_not_strange() -> None:
    document = Evidence("Take one or two tablets every 6 hours.")
    assert document.check("Take two tablets every six hours.") is None
    assert document.check("Take one tablet every six hours.") is None


def test_number_above_a_range_of_doses_is_strange() -> None:
    document = Evidence("Take one or two tablets every 6 hours. Take no more than 8 tablets in 24 hours.")
    assert document.check("Take eight tablets every 6 hours.") is not None
