"""Stems: forms of one word meet, forms of two words don't."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from workflows.text.stems import stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("planting", "plants"),
        ("leaves’", "leaves"),
        ("stopped", "stopping"),
        ("studies", "studied"),
        ("quickly", "quick"),
        ("tablets", "tablet"),
        ("swelling", "swell"),
        ("infections", "infection"),
        ("dizziness", "dizzy"),
        ("organizations", "organization"),
        ("doctor's", "Doctors"),
        ("והעלים", "העלים"),
        ("STRASSE", "straße"),
    ],
)
def test_forms_of_one_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("organization", "organ"), ("studies", "stud"), ("caring", "cars")]
)
def test_words_that_only_look_alike_have_two(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_stems_are_the_same_in_every_thread() -> None:
    words = [
        f"{beginning}{end}"
        for beginning in ("plant", "rest", "walk", "jump")
        for end in ("ing", "ed", "s", "er")
    ]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(stem, words * 50))
    assert found == [stem(word) for word in words * 50]
