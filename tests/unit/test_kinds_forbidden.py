"""Check of a lesson by words: prohibitions of one kind of a thing, and of leaving something out."""

import pytest

from workflows.text.clauses.relative_clauses import find_relative
from workflows.text.grounding.grounding import Evidence
from workflows.text.modality.forbidden_lists import list_rules
from workflows.text.modality.omissions import say_what_is_kept

ENGLISH = Evidence(
    "Never use the grill with a plate or pan that is larger than the cooking surface. Do not use a hose "
    "that is cracked or worn. Do not leave out the drip tray when you cook. Do not skip your meal after "
    "the injection. Never inject insulin that looks cloudy. Never pour water into a pan in which oil is "
    "burning. Never use a chain that is dull. Don't forget your ear protection. Do not go to bed without "
    "checking your blood sugar. Never omit the goggles when you handle chlorine. Do not use a fuse that "
    "is stronger than the old one. Don't skip the oil check before a trip. Do not store acid in a bottle "
    "that has no label. Do not take anything that contains ibuprofen."
)
HEBREW = Evidence(
    "אין להשתמש בסיר שקוטרו גדול מהכירה. אין להשתמש בצינור שנסדק. אל תדלגו על בדיקת הצינור לפני ההדלקה. אין לדלג על "
    "הארוחה אחרי ההזרקה. אין להזריק אינסולין שנראה עכור. אל תשכחו לנתק את המתג הראשי לפני העבודה.",
    "he",
)


def _is_marked(evidence: Evidence, sentence: str) -> bool:
    found = evidence.check(sentence)
    return found is not None and found[0] == "opposite"


@pytest.mark.parametrize(
    "sentence",
    [
        "Use a pan larger than the cooking surface.",
        "You can use a cracked hose.",
        "Any hose will do, so use any hose.",
        "Inject it even if it looks cloudy.",
        "Pour water into the pan of burning oil.",
        "Use a fuse stronger than the old one.",
        "You can skip your meal after the injection.",
        "Skip the oil check.",
        "You can leave out the drip tray.",
        "You may omit the goggles.",
        "You don't need ear protection.",
        "You can go to bed without checking your blood sugar.",
        "You can store acid in a bottle without a label.",
        "Take ibuprofen for the fever.",
    ],
)
def test_sentence_that_allows_the_kind_or_the_omission_is_found(sentence: str) -> None:
    assert _is_marked(ENGLISH, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Use a clean plate for the cooked meat.",
        "Use a hose without cracks.",
        "Use a sharp chain.",
        "Use a new fuse.",
        "Inject the insulin when it is clear.",
        "Eat your meal after the injection.",
        "Always have a meal after the injection.",
        "Put the drip tray in before you cook.",
        "Wear goggles when you handle chlorine.",
        "Check the oil before a trip.",
        "Check your blood sugar, then go to bed.",
        "Wear your ear protection.",
        "Don't skip your meal.",
    ],
)
def test_sentence_about_another_kind_or_that_leaves_nothing_out_is_no_contradiction(sentence: str) -> None:
    assert not _is_marked(ENGLISH, sentence)


@pytest.mark.parametrize(
    ("sentence", "is_marked"),
    [
        ("השתמשו בצינור סדוק.", True),
        ("השתמשו בצינור שלם.", False),
        ("השתמשו בסיר גדול מהכירה.", True),
        ("השתמשו בסיר נקי.", False),
        ("הזריקו גם אינסולין עכור.", True),
        ("הזריקו את האינסולין כשהוא צלול.", False),
        ("אפשר לדלג על בדיקת הצינור.", True),
        ("בדקו את הצינור לפני ההדלקה.", False),
        ("אפשר לדלג על הארוחה.", True),
        ("אכלו את הארוחה אחרי ההזרקה.", False),
        ("אין צורך לנתק את המתג הראשי.", True),
        ("נתקו את המתג הראשי לפני העבודה.", False),
    ],
)
def test_hebrew_prohibition_of_a_kind_or_of_an_omission_forbids_that_alone(
    sentence: str, is_marked: bool
) -> None:
    assert _is_marked(HEBREW, sentence) == is_marked


@pytest.mark.parametrize(
    ("document", "language", "sentence"),
    [
        ("Never remove the guard that covers the blade.", "en", "Remove the guard."),
        ("Do not block the vents that cool the device.", "en", "You can block the vents with a towel."),
        ("Do not exceed the load that is printed on the plate.", "en", "You can exceed the load."),
        ("Do not breathe the dust that comes from the filter.", "en", "You can breathe the dust."),
        ("Do not drink grapefruit juice which raises the level.", "en", "You can drink grapefruit juice."),
        ("Do not swim in water that is deeper than your chest.", "en", "Swim in deep water."),
        ("Never use a pan that is hotter than steam.", "en", "Use a hot pan."),
        ("Never switch the mixer on without the lid.", "en", "You can switch the mixer on with the lid off."),
        ("Do not delay or skip the vaccination.", "en", "You may delay the vaccination."),
        ("Do not skip or delay the vaccination.", "en", "Skip the vaccination."),
        ("Never miss or postpone a dose.", "en", "You can postpone a dose."),
        ("Never miss or double a dose.", "en", "Double the dose if you missed one."),
        ("Do not skip, crush or chew the tablet.", "en", "Crush the tablet."),
        ("Do not skip meals, drink alcohol or drive.", "en", "Drink alcohol."),
        ("Avoid missing doses or taking extra ones.", "en", "Take extra ones."),
        ("The dose must not be skipped or doubled.", "en", "The dose may be doubled."),
        ("Never neglect a wound.", "en", "You can neglect a wound."),
        ("Never work without gloves.", "en", "Take your gloves off and work."),
        ("אין לערבב אקונומיקה עם חומץ שיוצר גז רעיל.", "he", "ערבבו אקונומיקה עם חומץ."),
        ("אל תפספסו את הטיפות.", "he", "אפשר לפספס את הטיפות."),
        ("אין לדלג על מנה או להכפיל אותה.", "he", "אפשר להכפיל מנה."),
        ("Never skip breakfast before you take it.", "en", "Breakfast can be skipped."),
        ("אין לחסום את הפתחים שמקררים את המכשיר.", "he", "חסמו את הפתחים."),
        ("אין לשתות אלכוהול שמחזק את השפעת התרופה.", "he", "שתו אלכוהול."),
    ],
)
def test_sentence_against_all_that_a_rule_says_is_found(document: str, language: str, sentence: str) -> None:
    assert _is_marked(Evidence(document, language), sentence)


@pytest.mark.parametrize(
    ("sentence", "language", "said"),
    [
        ("Do not skip your meal.", "en", "must have your meal."),
        ("You should never delay or miss a dose.", "en", "must have a dose."),
        ("Don’t forget to call.", "en", "must call."),
        ("Doses must not be skipped.", "en", "Doses must be had."),
        ("Do not forget that it burns.", "en", "Do not forget that it burns."),
        ("אל תדלגו על הארוחה.", "he", "הקפידו על הארוחה."),
        ("אל תשכחו לנתק אותו.", "he", "הקפידו לנתק אותו."),
        ("Ne sautez pas le repas.", None, "Ne sautez pas le repas."),
    ],
)
def test_prohibition_of_an_omission_is_said_as_what_it_asks_for(
    sentence: str, language: str | None, said: str
) -> None:
    assert say_what_is_kept(sentence, language) == said


@pytest.mark.parametrize(
    ("sentence", "language", "rules"),
    [
        (
            "You must not miss or double a dose.",
            "en",
            ["must have a dose.", "You must not double a dose."],
        ),
        ("Do not skip breakfast or lunch.", "en", ["must have breakfast or lunch."]),
        ("Do not forget to eat or drink.", "en", ["must eat or drink."]),
        ("Don't skip it, or you may fall ill.", "en", ["must have it, or you may fall ill."]),
        ("Do not drink or smoke.", "en", ["Do not drink or smoke."]),
        ("אל תדלגו על הארוחה או תשתו אלכוהול.", "he", ["הקפידו על הארוחה.", "אל תשתו אלכוהול."]),
        ("Ni saut ni double.", None, ["Ni saut ni double."]),
    ],
)
def test_deeds_of_a_list_with_an_omission_are_forbidden_each_by_itself(
    sentence: str, language: str | None, rules: list[str]
) -> None:
    assert list_rules(sentence, language) == rules


@pytest.mark.parametrize(
    ("clause", "language", "relative"),
    [
        ("do not use a hose that is cracked", "en", "is cracked"),
        ("never pour it into a pan in which oil burns", "en", "oil burns"),
        ("do not drive on a tyre whose tread is worn", "en", "is worn"),
        ("do not give it to children that have asthma", "en", ""),
        ("do not do that", "en", ""),
        ("never remove the guard that covers the blade", "en", ""),
        ("do not drink juice which raises the level", "en", ""),
        ("never use the grill with a pan that is larger", "en", "is larger"),
        ("אין להשתמש בצינור שנסדק", "he", "נסדק שנסדק"),
        ("אין לשפוך שמן לכיור", "he", ""),
        ("אין לחסום את הפתחים שמקררים את המכשיר", "he", ""),
        ("אין לשתות אלכוהול שמחזק את התרופה", "he", ""),
    ],
)
def test_relative_clause_of_a_thing_is_told_from_one_of_persons(
    clause: str, language: str, relative: str
) -> None:
    assert " ".join(find_relative(clause.split(), language)) == relative
