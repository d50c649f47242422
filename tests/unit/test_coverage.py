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
    ],
)
def test_denial_in_hebrew_is_no_statement(text: str, is_said: bool) -> None:
    point = "דבורים רואות אור אולטרה סגול"
    assert covers(find_statement(point, text, "he")[1], point) is is_said
