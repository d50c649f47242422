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
    ],
)
def test_number_is_read_with_its_scale_and_unit(text: str, value: str, unit: str) -> None:
    [found] = find_quantities(text)
    assert (found.value, found.unit) == (value, unit)


def test_number_of_another_scale_is_not_borne_out() -> None:
    evidence = Evidence("Inject 5 thousand units a day.")
    assert evidence.check("Inject 5000 units a day.") is None
    assert evidence.check("Inject 5 million units a day.") is not None
