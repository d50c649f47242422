"""Notes at the end of a reply are never text, wherever and however a model writes them."""

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.formats.pieces import Remark, SectionNotes
from workflows.formats.trailer import Trailer, split_notes

CASES = {
    "at the end": ("The end.\n\n=== NOTES ===\n- Mia has it.\n- It rains.", "The end.", "- Mia has it.\n- It rains."),
    "missing": ("The end.", "The end.", ""),
    "in a line": ("The end. === NOTES === - Mia has it.", "The end.", "- Mia has it."),
    "in other letters": ("The end.\n==== Notes: ====\n- Mia.", "The end.", "- Mia."),
    "half a mark": ("The end.\n=== NOT", "The end.", ""),
    "less than half a mark": ("The end.\n=== N", "The end.", ""),
    "the signs alone": ("The end.\n===", "The end.", ""),
    "without the second signs": ("The end.\n=== NOTES\n- Mia.", "The end.", "- Mia."),
    "at the beginning": ("=== NOTES ===\n- Mia.\n\nOnce upon.\n\nThe end.", "Once upon.\n\nThe end.", "- Mia."),
    "in the middle": ("Once.\n\n=== NOTES ===\n- Mia.\n- Pip.\n\nThe end.", "Once.\n\nThe end.", "- Mia.\n- Pip."),
    "with an end": ("Once.\n=== NOTES ===\n- Mia.\n=== END ===\nThe end.", "Once.\nThe end.", "- Mia."),
    "twice": ("Once.\n=== NOTES ===\n- Mia.\n=== NOTES ===\n- Pip.", "Once.", "- Mia.\n- Pip."),
    "in prose": ("The end.\n\n=== NOTES ===\nMia has the key.", "The end.", "Mia has the key."),
    "another mark": ("Once.\n=== M1 ===\nThe end.", "Once.\nThe end.", ""),
    "a row of signs": ("Once.\n==========\nThe end.", "Once.\nThe end.", ""),
}  # fmt: skip


def read(text: str, size: int) -> tuple[str, str]:
    trailer = Trailer()
    told = "".join(trailer.feed(text[start : start + size]) for start in range(0, len(text), size))
    return told + trailer.close(), trailer.notes


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("case", CASES)
def test_notes_are_told_from_the_text_wherever_they_stand(case: str, size: int) -> None:
    reply, text, notes = CASES[case]
    told, kept = read(reply, size)
    assert (told.strip(), kept) == (text, notes)


@given(st.text(st.sampled_from("a= \n-NOTES"), max_size=200), st.integers(1, 40))
def test_text_and_notes_do_not_depend_on_how_a_reply_was_cut(text: str, size: int) -> None:
    told, notes = read(text, size)
    assert (told, notes) == read(text, 1000)
    assert "===" not in told


@given(st.text(st.sampled_from("ab.= \n-"), max_size=200).filter(lambda text: "===" not in text))
def test_text_without_a_mark_passes_unchanged(text: str) -> None:
    assert read(text, 3) == (text, "")


def test_notes_are_bounded() -> None:
    _, notes = read("The end.\n=== NOTES ===\n" + "- Mia has it.\n" * 5000, 50)
    assert len(notes) <= 4000


async def test_notes_of_a_reply_come_after_its_text_and_what_is_no_text_passes() -> None:
    async def reply() -> AsyncGenerator[str | Remark]:
        yield "The "
        yield Remark("Hm.")
        for piece in ("end.\n=== NO", "TES ===\n- Mia."):
            yield piece

    assert [item async for item in split_notes(reply())] == [
        "The ",
        Remark("Hm."),
        "end.\n",
        SectionNotes("- Mia."),
    ]
