"""Numbers in texts, with their units."""

import pytest

from workflows.text.grounding.grounding import Evidence
from workflows.text.quantities.numbers import find_quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3 million", "3000000", ""),
        ("three million", "3000000", ""),
        ("€2bn", "2000000000", ""),
        ("2.5 billion", "2500000000", ""),
        ("5 thousand units", "5000", "unit"),
        ("3 hundred tablets", "300", "tablet"),
        ("1,200 mg", "1200", "milligram"),
        ("four point two billion", "4200000000", ""),
        ("zero point five milligrams", "0.5", "milligram"),
        ("In twenty twenty-four.", "2024", ""),
        ("In nineteen oh five.", "1905", ""),
        ("Since nineteen eighty.", "1980", ""),
        ("twenty minutes", "20", "minute"),
        ("a thousand milligrams", "1000", "milligram"),
        ("a hundred and five milligrams", "105", "milligram"),
        ("two and a half tablets", "2.5", "tablet"),
        ("two-and-a-half millilitres", "2.5", "millilitre"),
        ("1½ tablets", "1.5", "tablet"),
        ("1 1/2 tablets", "1.5", "tablet"),
        ("two dozen tablets", "24", "tablet"),
        ("half a dozen tablets", "6", "tablet"),
        ("half a day", "0.5", "day"),
        ("half a cup of tea", "0.5", "cup"),
        ("Eat nothing for a whole day.", "1", "day"),
        ("an entire week", "1", "week"),
        ("0,5 mg", "0.5", "milligram"),
        ("0,125 mg", "0.125", "milligram"),
        ("2,5 ml", "2.5", "millilitre"),
        ("1\u00a0000 mg", "1000", "milligram"),
    ],
)
def test_number_is_read_with_its_scale_and_unit(text: str, value: str, unit: str) -> None:
    [found] = find_quantities(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("twenty ten-dollar notes", [("20", ""), ("10", "")]),
        ("thirty five-minute breaks", [("30", ""), ("5", "minute")]),
        ("thirty-five-minute breaks", [("35", "minute")]),
        ("two five hundred milligram tablets", [("2", "tablet"), ("500", "milligram")]),
        ("two twenty milligram doses", [("2", "dose"), ("20", "milligram")]),
        ("twenty twenty milligram tablets", [("20", "tablet"), ("20", "milligram")]),
        ("one, two three", [("1", ""), ("2", ""), ("3", "")]),
        ("2 half tablets", [("2", "tablet"), ("0.5", "tablet")]),
        ("a hundred times better, a thousand thanks", []),
        ("2 tablets and a half a day", [("2.5", "tablet")]),
        ("two hours and a quarter, then", [("2.25", "hour")]),
        ("2 tablets and a half glass of water", [("2", "tablet"), ("0.5", "glass")]),
        ("2 כדורים וחצי ביום", [("2.5", "tablet")]),
        ("2 כדורים וחצי כוס מים", [("2", "tablet"), ("0.5", "glass")]),
        ("שני כדורים וחצי כוס מים", [("2", "tablet"), ("0.5", "glass")]),
        ("יומיים וחצי שעה", [("2", "day"), ("0.5", "hour")]),
    ],
)
def test_numbers_side_by_side_are_no_sum(text: str, said: list[tuple[str, str]]) -> None:
    assert [(one.value, one.unit) for one in find_quantities(text)] == said


DRUG = Evidence(
    "If you miss a dose, skip it. Take one tablet with food. Children under 12 years must not take it."
)


@pytest.mark.parametrize(
    "sentence", ["If you miss one, take two.", "Take three at once.", "Just take five instead."]
)
def test_small_number_of_doses_that_are_not_named_is_looked_up(sentence: str) -> None:
    found = DRUG.check(sentence)
    assert found is not None and found[0] == "number"


def test_number_of_doses_is_not_that_of_times() -> None:
    evidence = Evidence("Take two capsules three times a day for 7 days.")
    found = evidence.check("Take three three times a day.")
    assert found is not None and found[0] == "number"
    assert evidence.check("Take two three times a day.") is None


@pytest.mark.parametrize(
    "sentence", ["Take two steps back.", "There are three things to remember.", "Take one."]
)
def test_small_number_of_other_things_is_not(sentence: str) -> None:
    found = DRUG.check(sentence)
    assert found is None or found[0] != "number"


def test_number_of_another_scale_is_not_borne_out() -> None:
    evidence = Evidence("Inject 5 thousand units a day.")
    assert evidence.check("Inject 5000 units a day.") is None
    assert evidence.check("Inject 5 million units a day.") is not None
