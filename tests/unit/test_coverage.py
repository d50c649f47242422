"""Whether a text says something, by its words."""

import pytest

from workflows.text.metrics.coverage import content_stems, covers, find_passage, find_statement

TEXT = (
    "[00:20–01:00] CONTENT: Trees\n\nIn spring the tree is busy. Before winter comes, the tree takes its "
    "chlorophyll back. It doesn't waste a thing. Then the red shows."
)


def test_content_stems_leave_out_what_carries_no_meaning_unless_there_is_nothing_else() -> None:
    assert content_stems("Explain why the leaves are red") == content_stems("red leaves")
    assert content_stems("to be or not to be")


def test_passage_that_says_a_point_in_other_forms_of_its_words_is_found_and_is_short() -> None:
    point = "Trees take back chlorophyll before the winter"
    passage, share = find_passage(point, TEXT)
    assert passage == "Before winter comes, the tree takes its chlorophyll back."
    assert covers(share, point)


@pytest.mark.parametrize("point", ["Roots freeze in January", "Spring rain makes roots strong"])
def test_point_that_shares_a_word_with_the_text_is_not_covered_by_it(point: str) -> None:
    assert not covers(find_passage(point, TEXT)[1], point)


def test_point_in_hebrew_is_found_behind_prefixes() -> None:
    point = "העלים האדומים בסתיו"
    assert covers(find_passage(point, "בסתיו מופיעים עלים. והעלים האדומים יפים בסתיו.")[1], point)


def test_empty_text_covers_nothing() -> None:
    assert find_passage("Bees dance", "") == ("", 0.0)


@pytest.mark.parametrize(
    "denial",
    [
        "It's a myth that bees see ultraviolet light.",
        "It is wrong that bees see ultraviolet light.",
        "It is simply untrue that bees see ultraviolet light.",
        "It is wrong to say that bees see ultraviolet light.",
        "Nobody has shown that bees see ultraviolet light.",
        "No one has shown that bees see ultraviolet light.",
        "Bees fail to see ultraviolet light.",
        "Bees are blind to ultraviolet light.",
        "Bees are unable to see ultraviolet light.",
        "Bees cannot see ultraviolet light.",
        "Bees hardly see ultraviolet light.",
    ],
)
def test_denial_in_other_words_than_not_is_no_statement(denial: str) -> None:
    point = "Bees see ultraviolet light"
    assert not covers(find_statement(point, denial, "en")[1], point)


@pytest.mark.parametrize(
    "statement",
    [
        "It isn't a myth that bees see ultraviolet light.",
        "Bees never fail to see ultraviolet light.",
        "It is known that bees see ultraviolet light.",
        "Bees see ultraviolet light, which we are blind to.",
    ],
)
def test_denial_that_is_denied_or_is_of_something_else_is_a_statement(statement: str) -> None:
    point = "Bees see ultraviolet light"
    assert covers(find_statement(point, statement, "en")[1], point)


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("דבורים רואות אור אולטרה סגול.", True),
        ("זה מיתוס שדבורים רואות אור אולטרה סגול.", False),
        ("דבורים אינן רואות אור אולטרה סגול.", False),
        ("דבורים רואות אור אולטרה סגול? שטויות.", False),
        ("דבורים רואות אור אולטרה סגול, אבל זה לא נכון.", False),
        ("אין זה נכון שדבורים רואות אור אולטרה סגול.", False),
        ("אין ספק שדבורים רואות אור אולטרה סגול.", True),
    ],
)
def test_denial_in_hebrew_is_no_statement(text: str, is_said: bool) -> None:
    point = "דבורים רואות אור אולטרה סגול"
    assert covers(find_statement(point, text, "he")[1], point) is is_said


@pytest.mark.parametrize(
    "denial",
    [
        "Trees do not take water from the ground.",
        "Trees do not, as many believe, take water from the ground.",
        "Trees take anything but water from the ground.",
        "Trees have stopped taking water from the ground.",
        "Trees neither take nor need water from the ground.",
        "Few trees take water from the ground.",
        "I doubt that trees take water from the ground.",
        "Trees take water from the ground? No.",
        "Do trees take water from the ground? Not at all.",
        "Trees take water from the ground, they say, but that is a myth.",
        "Many say that trees take water from the ground. That is simply wrong.",
        "Whoever says that trees take water from the ground is wrong.",
        "That trees take water from the ground has long been refuted.",
        "It makes no sense that trees take water from the ground.",
        "Trees taking water from the ground is out of the question.",
        "Trees do not take water from the ground. Trees stand still. Water runs past in the ground.",
    ],
)
def test_denial_before_after_or_around_a_point_is_no_statement(denial: str) -> None:
    point = "Trees take water from the ground"
    assert not covers(find_statement(point, denial, "en")[1], point)


@pytest.mark.parametrize(
    "statement",
    [
        "Not only do trees take water from the ground, they store it.",
        "No wonder trees take water from the ground all day.",
        "Trees take water from the ground when it doesn't rain.",
        "Don't forget that trees take water from the ground.",
        "It isn't the leaves but the roots with which trees take water from the ground.",
        "It's no secret that trees take water from the ground.",
        "There is no doubt that trees take water from the ground.",
        "Trees take water from the ground. Isn't that lovely?",
        "Trees don't take water from the air. Trees take water from the ground.",
        "Is that all? No. Trees take water from the ground.",
        "For them nothing is as important as that trees take water from the ground.",
    ],
)
def test_word_of_negation_that_turns_nothing_round_leaves_a_statement_one(statement: str) -> None:
    point = "Trees take water from the ground"
    assert covers(find_statement(point, statement, "en")[1], point)


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("Never share your password with friends.", True),
        ("Your password is yours: never share it with friends.", True),
        ("Sharing your password with friends is a mistake.", True),
        ("There is nothing wrong with sharing your password with friends.", False),
        ("You can share your password with friends.", False),
    ],
)
def test_point_that_forbids_is_said_by_what_forbids(text: str, is_said: bool) -> None:
    point = "Do not share your password with friends"
    assert covers(find_statement(point, text, "en")[1], point) is is_said
