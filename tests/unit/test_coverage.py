"""Whether a text says something, by its words."""

import pytest

from workflows.text.metrics.coverage import content_stems, covers, find_passage

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
