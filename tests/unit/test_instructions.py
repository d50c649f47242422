"""Instructions against a document: bare orders and permissions, doses, intervals; and what a lesson may well say."""

import pytest

from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.grounding.grounding import Evidence
from workflows.text.quantities.intervals import find_intervals, list_lengths

AFTER_AN_OPERATION = Evidence("""After the operation

Don't take ibuprofen. Take paracetamol for pain, every 6 hours. You must not drive for 24 hours. Keep the
wound dry for 3 days: do not swim, bathe or sit in a sauna. Do not double the dose if you forget one. Stop
taking it at once if you get a rash. Avoid alcohol. Do not lift anything heavy for two weeks. You can eat as
usual. Do not crush the tablets. Walk a little every day. Never share your tablets with others.

Do not:
- smoke
- sign papers
""")
COURSE = Evidence(
    "Amoxicillin. "
    "Take one capsule three times a day. "
    "Finish the course even if you feel better. "
    "Fast for 8 hours before the test. "
    "Call your doctor if you get a rash. "
    "Swallow the capsules whole. "
    "Do not look at the clock. "
    "Shake the bottle before use. "
    "Take methotrexate once a week, on Mondays. "
)
HEBREW = Evidence(
    "אין ליטול איבופרופן. "
    "קחו אקמול נגד הכאב, כל 6 שעות. "
    "אין לנהוג 24 שעות. "
    "אל תכפילו את המנה. "
    "הפסיקו לקחת אותו מיד אם מופיעה פריחה. "
    "הימנעו מאלכוהול. "
    "אסור לשחות שבוע. "
    "אין להרים משאות כבדים. "
    "מותר לאכול כרגיל. "
    "אין לכתוש את הכדורים. "
    "אסור לעשן. ",
    "he",
)
FORBIDDEN = [
    "Take ibuprofen.",
    "Take ibuprofen for the pain.",
    "You can take ibuprofen.",
    "Ibuprofen can be taken.",
    "You can drive at once.",
    "You may drive home straight away.",
    "Drive home yourself.",
    "Keep taking it.",
    "If you get a rash, keep taking it.",
    "Double the dose.",
    "If you forget one, double the dose.",
    "Take paracetamol every hour.",
    "Take paracetamol every 4 hours.",
    "Take it hourly.",
    "You can swim today.",
    "Feel free to bathe.",
    "Sit in a sauna.",
    "Drink alcohol.",
    "Go ahead and drink alcohol.",
    "Have some alcohol.",
    "Lift heavy things.",
    "Crush the tablets.",
    "You should crush the tablets.",
    "Share your tablets with others.",
    "Share your tablets.",
    "Keep smoking.",
    "You may smoke.",
    "Sign papers.",
    "Take as many as you like.",
    "Triple the dose.",
    "Take an extra dose.",
    "Take paracetamol once an hour.",
    "Just take ibuprofen then.",
    "It's fine to drive.",
    "You're free to swim.",
    "Patients take ibuprofen.",
    "Don't take paracetamol.",
    "Continue to smoke.",
]
ALLOWED = [
    "Take paracetamol for the pain.",
    "Don't take ibuprofen.",
    "No ibuprofen.",
    "You can drive after 24 hours.",
    "You can drive again once 24 hours are over.",
    "You can eat.",
    "Eat as usual.",
    "Walk a little every day.",
    "Take a short walk daily.",
    "Stop taking it if you get a rash.",
    "Take paracetamol four times a day.",
    "Let's talk about ibuprofen.",
    "Remember what we said about alcohol.",
    "Keep the wound dry.",
    "Don't double the dose.",
    "After 3 days you can bathe again.",
    "You will get better every day.",
    "Keep listening.",
    "Drive carefully once the day is over.",
    "You should not drive.",
    "You must never share your tablets.",
    "You know you should avoid alcohol.",
    "Ask about the wound.",
]
REFUSED = [
    "You don't need to finish the course.",
    "Don't finish the course.",
    "You don't have to fast.",
    "No need to fast.",
    "There is no need to fast.",
    "There's no need to call your doctor.",
    "Never shake the bottle.",
    "Don't swallow the capsules whole.",
    "Take methotrexate every day.",
    "Take it four times a day.",
    "Take it twice a day.",
    "Take methotrexate daily.",
    "Don't call your doctor.",
]
AGREED = [
    "Take it every 8 hours.",
    "Finish the course.",
    "Always finish the course.",
    "Don't stop before you've finished the course.",
    "Shake it before you use it.",
    "Call your doctor if you see a rash.",
    "Don't worry.",
    "Don't forget to shake the bottle.",
    "Don't hesitate to call your doctor.",
    "You don't need to worry about it.",
]
FORBIDDEN_IN_HEBREW = [
    "קחו איבופרופן.",
    "אפשר לקחת איבופרופן.",
    "ניתן ליטול איבופרופן.",
    "אפשר לנהוג מיד.",
    "תוכלו לנהוג מיד.",
    "סעו, נהגו הביתה.",
    "המשיכו לקחת אותו.",
    "הכפילו את המנה.",
    "תכפילו את המנה.",
    "קחו אקמול כל שעה.",
    "קחו אקמול כל 4 שעות.",
    "קחו אקמול כל ארבע שעות.",
    "שתו אלכוהול.",
    "מותר לשתות אלכוהול.",
    "אפשר לשחות היום.",
    "הרימו משאות כבדים.",
    "כתשו את הכדורים.",
    "מותר לעשן.",
    "אתם יכולים לעשן.",
    "קחו כמה שתרצו.",
]
ALLOWED_IN_HEBREW = [
    "קחו אקמול.",
    "אל תיקחו איבופרופן.",
    "אסור לקחת איבופרופן.",
    "אפשר לנהוג אחרי 24 שעות.",
    "אין לנהוג.",
    "אפשר לאכול כרגיל.",
    "אכלו כרגיל.",
    "אל תעשנו.",
    "אסור לשתות אלכוהול.",
    "קחו אקמול ארבע פעמים ביום.",
    "הפסיקו לקחת אותו אם מופיעה פריחה.",
    "היום נדבר על הניתוח.",
    "נדבר על אלכוהול.",
    "איבופרופן הוא משכך כאבים.",
    "לא להרים משאות כבדים.",
]

AT_HOME = Evidence(
    "Don't take ibuprofen. "
    "You must not drive until the next day. "
    "Never take a double dose. "
    "Take one tablet every 6 hours. "
    "If a rash appears, stop taking the tablets and call us. "
    "Do not drink alcohol while you take it. "
    "Do not wet the dressing. "
    "It is important not to bend your knee. "
    "You should avoid sunlight. "
    "Smoking is not allowed. "
    "Hot baths are forbidden."
)
AGAINST_AT_HOME = [
    "You should take ibuprofen.",
    "Use ibuprofen if you like.",
    "Ibuprofen is fine.",
    "Go on taking it.",
    "Carry on with the tablets.",
    "You may drive yourself home.",
    "Drink as much alcohol as you like.",
    "Take it every hour.",
    "Take a tablet each hour.",
    "Take it every two hours.",
    "Take a double dose.",
    "Take two doses.",
    "You can drive.",
    "You're allowed to drive today.",
    "Drive home.",
    "Wet the dressing.",
    "You can wet the dressing.",
    "Bend your knee.",
    "You can bend your knee as much as you want.",
    "Enjoy the sunlight.",
    "You can smoke.",
    "Feel free to smoke.",
    "Have a hot bath.",
    "Take hot baths.",
    "Just keep taking the tablets.",
    "Ignore the rash and keep taking them.",
    "Do take ibuprofen.",
    "Yes, take ibuprofen.",
    "And you can take ibuprofen, too.",
    "Patients can drive right away.",
    "It's okay to drive.",
]
AS_IN_AT_HOME = [
    "Don't drive until the next day.",
    "You can drive the next day.",
    "From tomorrow you can drive again.",
    "If a rash appears, stop the tablets.",
    "Avoid alcohol.",
    "Keep your knee straight.",
    "Keep the dressing dry.",
    "Don't smoke.",
    "No smoking.",
    "Stay out of the sun.",
    "Take one tablet every six hours.",
    "Take the tablets four times a day.",
    "Call us if you see a rash.",
    "Let me tell you about driving.",
    "You might want to drive, but don't.",
    "So, what about alcohol?",
    "You asked about ibuprofen.",
    "Here is what you need to know about alcohol.",
    "Remember not to bend your knee.",
    "Make sure you don't drive.",
    "I want you to avoid sunlight.",
    "Listen to your knee.",
]
LONG_TERM = Evidence(
    "Keep taking it even if you feel well. "
    "Finish all the tablets. "
    "Do not stop taking it without asking your doctor. "
    "You can eat and drink normally. "
    "Drink plenty of water. "
    "You can shower from the second day."
)
AGAINST_LONG_TERM = [
    "Stop taking it.",
    "You can stop taking it whenever you like.",
    "You can stop the tablets now.",
    "Stop the medicine when you feel better.",
    "Don't eat.",
    "You must not drink.",
    "Don't drink water.",
    "Skip a few tablets.",
]
AS_IN_LONG_TERM = [
    "Keep taking it.",
    "Don't stop taking it.",
    "Never stop taking it on your own.",
    "Ask your doctor before you stop taking it.",
    "Finish the tablets.",
    "Drink lots of water.",
    "You can shower from the second day.",
]
AT_HOME_IN_HEBREW = Evidence(
    "אין ליטול איבופרופן. "
    "אסור לנהוג עד למחרת. "
    "אין ליטול מנה כפולה. "
    "יש ליטול כדור אחד כל 6 שעות. "
    "אם מופיעה פריחה, הפסיקו ליטול את הכדורים. "
    "אין לשתות אלכוהול. "
    "אין להרטיב את החבישה. "
    "העישון אסור. "
    "שתו הרבה מים. "
    "יש לסיים את כל הכדורים.",
    "he",
)
AGAINST_AT_HOME_IN_HEBREW = [
    "קחו איבופרופן.",
    "כדאי לקחת איבופרופן.",
    "מותר לנהוג.",
    "נהגו הביתה.",
    "קחו מנה כפולה.",
    "קחו כדור כל שעה.",
    "קחו כדור כל שעתיים.",
    "תמשיכו לקחת את הכדורים.",
    "המשיכו ליטול את הכדורים.",
    "שתו אלכוהול.",
    "אפשר לשתות אלכוהול.",
    "הרטיבו את החבישה.",
    "מותר לעשן.",
    "אל תשתו מים.",
    "אל תסיימו את הכדורים.",
    "את יכולה לנהוג.",
    "אתה רשאי לנהוג.",
]
AS_IN_AT_HOME_IN_HEBREW = [
    "אסור לנהוג.",
    "אל תנהגו עד למחרת.",
    "קחו כדור כל שש שעות.",
    "אל תעשנו.",
    "שתו מים.",
    "סיימו את כל הכדורים.",
    "אם מופיעה פריחה, הפסיקו לקחת את הכדורים.",
    "בואו נדבר על אלכוהול.",
    "שאלת על נהיגה.",
    "מחר תוכלו לנהוג שוב.",
    "שמרו על החבישה יבשה.",
]


def _id_of(value: object) -> str:
    """The part of a test's name, which must be the same in every process."""
    return value if isinstance(value, str) else "document"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *((AFTER_AN_OPERATION, one) for one in FORBIDDEN),
        *((COURSE, one) for one in REFUSED),
        *((HEBREW, one) for one in FORBIDDEN_IN_HEBREW),
        *((AT_HOME, one) for one in AGAINST_AT_HOME),
        *((LONG_TERM, one) for one in AGAINST_LONG_TERM),
        *((AT_HOME_IN_HEBREW, one) for one in AGAINST_AT_HOME_IN_HEBREW),
    ],
    ids=_id_of,
)
def test_instruction_against_the_document_is_dangerous(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is not None and found[0] in ("opposite", "number")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        *((AFTER_AN_OPERATION, one) for one in ALLOWED),
        *((COURSE, one) for one in AGREED),
        *((HEBREW, one) for one in ALLOWED_IN_HEBREW),
        *((AT_HOME, one) for one in AS_IN_AT_HOME),
        *((LONG_TERM, one) for one in AS_IN_LONG_TERM),
        *((AT_HOME_IN_HEBREW, one) for one in AS_IN_AT_HOME_IN_HEBREW),
    ],
    ids=_id_of,
)
def test_instruction_that_the_document_bears_out_passes(document: Evidence, sentence: str) -> None:
    found = document.check(sentence)
    assert found is None or found[0] == "words"  # which is told, and no danger


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("every hour", [60]),
        ("hourly", [60]),
        ("every 6 hours", [360]),
        ("every six hours", [360]),
        ("every 4 to 6 hours", [240, 360]),
        ("four times a day", [360]),
        ("twice daily", [720]),
        ("once a week", [10_080]),
        ("every other day", [2880]),
        ("כל שעה", [60]),
        ("כל שש שעות", [360]),
        ("פעמיים ביום", [720]),
        ("שלוש פעמים ביום", [480]),
        ("for 24 hours", []),
    ],
)
def test_interval_has_one_length_however_it_is_said(text: str, minutes: list[int]) -> None:
    assert {int(one.minutes) for one in find_intervals(text)} == set(minutes)


def test_document_that_says_how_much_a_day_bears_out_that_something_is_done_daily() -> None:
    assert 1440 in list_lengths("No more than 10 mg a day.") and 1440 in list_lengths("Take it at bedtime.")


@pytest.mark.parametrize(
    "forms",
    [
        "לנהוג נהגו תנהגו נוהגים נהיגה",
        "לקחת קחו תיקחו קח קחי לוקחים",
        "לשתות שתו תשתו שותים",
        "להפסיק הפסיקו תפסיקו מפסיקים",
        "להשתמש השתמשו תשתמשו",
        "כדור הכדור כדורים",
        "מים המים",
        "להפחית הפחיתו תפחיתו תפחית מפחיתים",
        "להשבית השביתו תשביתו",
        "להוסיף הוסיפו תוסיפו תוסיף",
        "להוריד הורידו תורידו",
        "תבנית התבנית בתבנית",
        "כפית הכפית",
    ],
)
def test_forms_of_a_hebrew_word_have_one_root(forms: str) -> None:
    assert len({hebrew_root(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["נוזלים להוזיל", "תוספים תוסיפו", "יורד תורידו", "פחית להפחית"])
def test_unrelated_hebrew_words_have_roots_of_their_own(words: str) -> None:
    assert len({hebrew_root(word) for word in words.split()}) == 2


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            "קחו את הסטרואיד כל בוקר. אין להפחית את הסטרואיד לבד. הרופא רשאי לשנות את הסטרואיד.",
            "הפחיתו את הסטרואיד.",
        ),
        ("קחו את המינון שנרשם כל יום.", "הפחיתו את המינון."),
        ("קחו את המינון שנרשם כל יום.", "תורידו את המינון."),
    ],
)
def test_hebrew_order_meets_the_infinitive_of_a_rule(document: str, sentence: str) -> None:
    assert Evidence(document, "he").check(sentence) is not None


def test_hebrew_list_of_what_is_forbidden_ends_where_somebody_else_does_it() -> None:
    document = Evidence("אין לקלף גלדים או להוציא תפרים לבד; אחות תוציא אותם.", "he")
    assert document.check("תנו לאחות להוציא את התפרים.") is None


ENGLISH_WAIT = Evidence("Wait 30 minutes before you lie down. Call us if it hurts.")
HEBREW_WAIT = Evidence("יש להמתין 30 דקות לפני השכיבה. התקשרו אם כואב.", "he")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (ENGLISH_WAIT, "Lie down at once."),
        (ENGLISH_WAIT, "You can go to bed straight away."),
        (HEBREW_WAIT, "שכבו מיד."),
    ],
)
def test_what_the_document_waits_before_is_not_done_at_once(document: Evidence, sentence: str) -> None:
    assert document.check(sentence) == ("opposite", "the document asks for a wait before this")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (ENGLISH_WAIT, "Do not lie down at once."),
        (ENGLISH_WAIT, "Never lie down at once."),
        (ENGLISH_WAIT, "Lie down after 30 minutes."),
        (ENGLISH_WAIT, "Call us at once if it hurts."),
        (HEBREW_WAIT, "אל תשכבו מיד."),
        (HEBREW_WAIT, "התקשרו מיד אם כואב."),
    ],
)
def test_wait_itself_and_other_things_at_once_are_no_contradiction(document: Evidence, sentence: str) -> None:
    assert document.check(sentence) is None
