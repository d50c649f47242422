"""Whether a text says something, by its words."""

import pytest

from workflows.text.coverage import content_stems, covers, find_passage, stem
from workflows.text.outline import listed_share

TEXT = (
    "[00:20–01:00] CONTENT: Trees\n\nIn spring the tree is busy. Before winter comes, the tree takes its "
    "chlorophyll back. It doesn't waste a thing. Then the red shows."
)


@pytest.mark.parametrize(
    ("word", "other"),
    [("planting", "plants"), ("leaves’", "leaves"), ("stopped", "stopping"), ("studies", "studied"),
     ("quickly", "quick"), ("והעלים", "העלים")],
)  # fmt: skip
def test_stem_is_shared_by_the_forms_of_a_word(word: str, other: str) -> None:
    assert stem(word) == stem(other)


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
    ("text", "listed"),
    [
        ("- a point\n- another\n- a third", 1.0),
        ("1. First\n2. Second", 1.0),
        ("What a day. It was warm, and we walked.\n\nThen it rained!", 0.0),
        ("Show the leaf\n\nThis is a whole sentence that somebody says aloud.", 0.5),
        ("", 0.0),
    ],
)
def test_listed_share_tells_an_outline_from_prose(text: str, listed: float) -> None:
    assert listed_share(text) == listed
