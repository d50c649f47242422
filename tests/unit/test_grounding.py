"""Sentences looked up in a document: numbers, opposites, words; how good that is on the labelled set."""

from pathlib import Path

import pytest

from workflows.text.clauses.names import find_unknown_names, is_medicine
from workflows.text.grounding.grounding import Evidence
from workflows.text.quantities.numbers import find_quantities

DATA = Path(__file__).parent.parent / "data"
LEAFLETS = {
    path.stem: Evidence(path.read_text(encoding="utf-8")) for path in (DATA / "leaflets").glob("*.md")
}
RAMIPRIL = LEAFLETS["ramipril"]


def labelled(name: str) -> list[tuple[str, str, str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("#")]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "what", "precision", "recall"),
    [
        ("grounding.tsv", "tuned on", 0.95, 0.9),
        ("grounding_held_out.tsv", "held out", 0.85, 0.7),
    ],
)
def test_grounding_of_labelled_sentences_is_precise_and_misses_few(
    name: str, what: str, precision: float, recall: float, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(LEAFLETS[leaflet].check(sentence), why, sentence) for leaflet, why, sentence in labelled(name)]
    right = sum(found is not None and why != "yes" for found, why, _ in rows)
    named = sum(found is not None for found, _, _ in rows)
    wanted = sum(why != "yes" for _, why, _ in rows)
    with capsys.disabled():
        print(f"\ngrounding, {what}: {len(rows)} sentences, {wanted} without support")
        print(f"  precision {right / named:.3f}, recall {right / wanted:.3f}")
        for found, why, sentence in rows:
            if (found is None) != (why == "yes"):
                print(f"  {f'missed ({why})' if found is None else found[1]}: {sentence}")
    assert right / named >= precision
    assert right / wanted >= recall


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2.5 mL and 1,000 mg", [("2.5", "millilitre"), ("1000", "milligram")]),
        ("5–10 mg", [("5", "milligram"), ("10", "milligram")]),
        ("5 to 10 milligrams", [("5", "milligram"), ("10", "milligram")]),
        ("twenty-five tablets", [("25", "tablet")]),
        ("two hundred and fifty milligrams", [("250", "milligram")]),
        ("three thousand steps", [("3000", "")]),
        ("twice a day, once daily", [("2", "time"), ("1", "time")]),
        ("once you are home", []),
        ("half a tablet", [("0.5", "tablet")]),
        ("one 5 mg tablet", [("1", "tablet"), ("5", "milligram")]),
        ("1/2 tablet", [("0.5", "tablet")]),
        ("two small glasses", [("2", "glass")]),
        ("38.5 °C, 38.5 degrees", [("38.5", "degree"), ("38.5", "degree")]),
        ("140/90 mmHg", [("140", ""), ("90", "millimetre_of_mercury")]),
        ("5000 international units", [("5000", "international_unit")]),
        ("every 6 hours", [("6", "hour")]),
        ("COVID", []),
    ],
)
def test_quantities_of_a_text_have_one_form(text: str, said: list[tuple[str, str]]) -> None:
    assert [(quantity.value, quantity.unit) for quantity in find_quantities(text)] == said


def test_number_that_the_document_says_of_something_else_is_named() -> None:
    evidence = Evidence(
        "Aspirin is taken daily with water.\n\nFiller.\n\nFiller.\n\nCome back after 90 days."
    )
    assert evidence.check("Aspirin water is measured as 90 days.") == (
        "number",
        "the document says 90 days of something else",
    )


def test_number_without_its_unit_may_stand_in_a_table() -> None:
    evidence = Evidence("Dose (mg) | Age\n250 | child\n500 | adult")
    assert evidence.check("Adults get 500 milligrams.") is None
    assert evidence.check("Adults get 750 milligrams.") is not None


def test_grounding_of_another_language_looks_at_numbers_alone() -> None:
    evidence = Evidence("יש לקחת 5 mg ביום", "he")
    assert evidence.check("קחו 5 mg עם הרבה מים וארוחה גדולה") is None
    assert evidence.check("קחו 50 mg") == ("number", "the document doesn't say 50 mg")


BLOOD_TEST = Evidence(
    "Eat nothing for 8 hours before the test. Water is fine. Take your usual medicines, unless your doctor told you "
    "otherwise. Press on the spot for 3 minutes afterwards. Do not drink alcohol. Avoid grapefruit."
)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Water is forbidden.", "opposite"),
        ("Water is not allowed.", "opposite"),
        ("Water? Not allowed.", "opposite"),
        ("No water!", "opposite"),
        ("Avoid water.", "opposite"),
        ("Don't drink water.", "opposite"),
        ("Alcohol is fine.", "opposite"),
        ("Grapefruit is okay.", "opposite"),
        ("Smoking is fine.", "opposite"),
        ("Skip your usual medicines.", "opposite"),
        ("Press for 10 minutes.", "number"),
        ("Take aspirin.", "name"),
        ("Lorazepam helps.", "name"),
        ("Before the test you take Zorvex instead.", "name"),
        ("Chew gum.", "words"),
    ],
)
def test_grounding_names_short_sentences_that_the_document_does_not_say(sentence: str, kind: str) -> None:
    found = BLOOD_TEST.check(sentence)
    assert found is not None and found[0] == kind
    assert BLOOD_TEST.claims(sentence) or kind in ("name", "words")


@pytest.mark.parametrize(
    "sentence",
    [
        "Water is fine.",
        "Water is allowed.",
        "Water isn't forbidden.",
        "No alcohol.",
        "Alcohol is forbidden.",
        "Grapefruit is not allowed.",
        "Don't eat grapefruit.",
        "No problem.",
        "Don't worry.",
        "That's fine.",
    ],
)
def test_grounding_lets_short_sentences_pass_that_the_document_says_or_that_claim_nothing(
    sentence: str,
) -> None:
    assert BLOOD_TEST.check(sentence) is None


def test_grounding_of_another_language_looks_at_names_of_medicines_too() -> None:
    evidence = Evidence("יש לקחת אקמול פעמיים ביום", "he")
    assert evidence.check("קחו אקמול") is None
    assert evidence.check("קחו גם איבופרופן") == ("name", "the document doesn't name איבופרופן")


@pytest.mark.parametrize(
    "word", ["cholesterol", "alcohol", "april", "control", "patrol", "virus", "school", "parasol", "protocol"]
)
def test_words_that_end_like_a_medicine_by_chance_are_none(word: str) -> None:
    assert not is_medicine(word)


def test_days_and_titles_are_no_names_to_look_up() -> None:
    assert find_unknown_names("See you on Monday, Doctor, and thank Zorvex.", {"thank"}) == ["Zorvex"]


HEBREW = (
    "מותר לשתות מים לפני הניתוח. אסור לאכול חלב וביצים. "
    "אין ליטול יותר משתי כדורים ביום. יש לקחת את התרופה עם אוכל."
)


@pytest.mark.parametrize(
    ("sentence", "is_opposite"),
    [
        ("אסור לשתות מים לפני הניתוח.", True),
        ("לא לשתות מים לפני ניתוח.", True),
        ("מותר לאכול חלב וביצים.", True),
        ("אין לקחת את התרופה עם אוכל.", True),
        ("מותר לשתות מים לפני הניתוח.", False),
        ("ליטול שתי כדורים ביום.", False),
        ("אסור לאכול ביצים וחלב.", False),
        ("האם אסור לשתות מים לפני הניתוח?", False),
        ("השמש זורחת.", False),
    ],
)
def test_hebrew_sentence_that_says_the_contrary_of_its_document_is_found(
    sentence: str, is_opposite: bool
) -> None:
    found = Evidence(HEBREW, "he").check(sentence)
    assert (found is not None and found[0] == "opposite") == is_opposite


@pytest.mark.parametrize(
    "sentence", ["Drink nothing.", "Never drink.", "Don't drink anything.", "Nothing to drink."]
)
def test_drinking_is_not_forbidden_where_the_document_allows_a_drink(sentence: str) -> None:
    found = Evidence("Eat nothing for 8 hours before the test. Water is fine.").check(sentence)
    assert found is not None and found[0] == "opposite"
    fasting = Evidence("Eat and drink nothing for 8 hours before the test. Water is not allowed.")
    assert fasting.check(sentence) is None


def test_trouble_that_the_document_denies_is_a_permission() -> None:
    evidence = Evidence("Take the tablet with food. Water is not a problem. Milk is forbidden.")
    assert evidence.check("Water is no problem.") is None
    assert evidence.check("Milk is no problem.") is not None


def test_what_is_forbidden_after_alcohol_is_not_allowed_after_a_beer() -> None:
    ladder = Evidence("Do not work on a ladder after you have drunk alcohol. Work for 30 minutes at most.")
    assert ladder.check("After a beer you can go on working.") == ("opposite", "the document forbids this")
    assert ladder.check("After a break you can go on working.") != ("opposite", "the document forbids this")


def test_what_is_forbidden_with_a_thing_of_others_is_allowed_with_ones_own() -> None:
    assert Evidence("אין להשתמש בכפית של אחרים.", "he").check("כל אחד אוכל בכפית שלו.") is None
