"""Check of a lesson by words: contradictions of documents that aren't about medicine, and paraphrases of them."""

import pytest

from workflows.text.grounding.grounding import Evidence, UnsupportedKind

HOME = Evidence(
    "Electricity and water at home\n\nOnly an electrician may open the fuse box. Pull the plug, not the cord. If a "
    "socket burns, never pour water on it. Put out burning fat with a lid, never with water. Put a life jacket on "
    "children who can't swim. Wait 30 minutes after a meal. Give 5 breaths first. Swim only where there is a "
    "lifeguard. Never leave a child alone near water. Test the switch twice a year. The course lasts 20 minutes. Ten "
    "seconds alone are dangerous. Cool a burn with water, but put no cream on it, and call us if it is large. "
    "Eat your lunch "
    "slowly. Test the alarm every 2 hours."
)
HEBREW = Evidence(
    "רק חשמלאי רשאי לפתוח את לוח החשמל. משכו בתקע ולא בכבל. אם שקע בוער, אין לשפוך עליו מים. תנו 5 הנשמות תחילה. "
    "המתינו 30 דקות אחרי ארוחה. המתינו 21 ימים עד הקטיף. הדקו את הרצועה. שאו שני מזרקים. שחו רק במקום שיש בו מציל.",
    "he",
)


def _kind(evidence: Evidence, sentence: str) -> UnsupportedKind | None:
    found = evidence.check(sentence)
    return found[0] if found and found[0] != "words" else None


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("You can open the fuse box yourself.", "opposite"),  # what one alone may do
        ("Pull the cord.", "opposite"),  # "this, not that"
        ("Pour some water on the burning socket.", "opposite"),  # a case that is said of the thing
        ("Pour water on the burning fat.", "opposite"),
        ("No life jacket is needed.", "opposite"),  # an exemption around its thing
        ("Jump in right after a meal.", "opposite"),  # at once, where some time has to pass
        ("A beach without a lifeguard is lovely.", "opposite"),  # without what is asked for
        ("A child of four can play alone.", "opposite"),  # "can" of anybody
        ("You may leave the child alone for a moment.", "opposite"),
        ("A burn can have some cream.", "opposite"),  # a case after another clause
        ("Give 2 breaths first.", "number"),  # a number of what the document counts
        ("Give two breaths first.", "number"),
        ("You can pick them a week after that.", "number"),
        ("Clean the contacts with acetone.", "name"),  # a substance that was brought in
        ("Add a spoonful of vinegar.", "name"),
    ],
)
def test_word_check_finds_contradictions_whatever_the_subject(sentence: str, kind: UnsupportedKind) -> None:
    assert _kind(HOME, sentence) == kind


@pytest.mark.parametrize(
    "sentence",
    [
        "Leave the fuse box to an electrician.",
        "An electrician can open the fuse box.",
        "Pull the plug itself.",
        "Put a life jacket on your child.",
        "After a big meal, half an hour of rest comes first.",
        "Even ten seconds alone are too long.",
        "Test the switch every six months.",
        "Give five breaths first.",
        "If two fingers fit, it is too loose.",
        "Swim where a lifeguard is on duty.",
        "Don't clean it with acetone.",
    ],
)
def test_word_check_lets_paraphrases_pass_whatever_the_subject(sentence: str) -> None:
    assert _kind(HOME, sentence) is None


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("אפשר לפתוח את לוח החשמל לבד.", "opposite"),
        ("משכו בכבל.", "opposite"),
        ("שפכו מים על השקע הבוער.", "opposite"),
        ("קפצו למים מיד אחרי הארוחה.", "opposite"),
        ("השאירו את הרצועה קצת רפויה.", "opposite"),
        ("חוף בלי מציל הוא בסדר גמור.", "opposite"),
        ("תנו 2 הנשמות תחילה.", "number"),
        ("מזרק אחד מספיק.", "number"),
        ("אפשר לקטוף שבוע אחרי הריסוס.", "number"),
        ("הוסיפו מעט סבון.", "name"),
    ],
)
def test_word_check_finds_hebrew_contradictions_whatever_the_subject(
    sentence: str, kind: UnsupportedKind
) -> None:
    assert _kind(HEBREW, sentence) == kind


@pytest.mark.parametrize(
    "sentence",
    [
        "את לוח החשמל פותח רק חשמלאי.",
        "אוחזים בתקע עצמו ולא בכבל.",
        "שלושה שבועות צריכים לעבור עד הקטיף.",
        "אחרי ארוחה נחים חצי שעה.",
        "שני מזרקים תמיד בתיק.",
        "בחרו חוף שיש בו מציל.",
    ],
)
def test_word_check_lets_hebrew_paraphrases_pass_whatever_the_subject(sentence: str) -> None:
    assert _kind(HEBREW, sentence) is None
