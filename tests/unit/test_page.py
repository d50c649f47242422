"""What a node writes on its page is what readers get and what the state keeps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import ModelBadOutput
from workflows.page import Page
from workflows.text.normaliser import normalise

chunks = st.lists(
    st.text(st.sampled_from("a. \n\r\x00\ud83d\ude00ש") | st.characters(), max_size=8), max_size=8
)


def write(*given: str) -> tuple[str, list[Any]]:
    items: list[Any] = []
    page = Page(3, items.append)
    for chunk in given:
        page.write(chunk)
    return page.finish()["text"], items


@given(chunks)
def test_page_keeps_exactly_the_text_that_readers_get(given: list[str]) -> None:
    whole = normalise("".join(given))
    if not whole:
        with pytest.raises(ModelBadOutput):
            write(*given)
        return
    text, items = write(*given)
    assert text == whole == "".join(item["text"] for item in items)
    assert [item["last"] for item in items] == [False] * (len(items) - 1) + [True]
    assert all(item["text"] for item in items[:-1])
    assert {(item["kind"], item["section"]) for item in items} == {("prose", 3)}


def test_page_that_is_finished_is_the_section_of_the_state() -> None:
    items: list[Any] = []
    page = Page(2, items.append)
    page.write(" Once. ")
    assert page.finish() == {"index": 2, "text": "Once."}


@pytest.mark.parametrize("nothing", [(), ("",), (" \n", "\t")])
def test_page_without_a_word_is_a_failure_of_the_model_that_names_the_section(
    nothing: tuple[str, ...],
) -> None:
    with pytest.raises(ModelBadOutput, match="section 4"):
        write(*nothing)


def test_page_that_is_retracted_says_why() -> None:
    items: list[Any] = []
    Page(1, items.append).retract("safety")
    assert items == [{"kind": "retraction", "section": 1, "reason": "safety"}]
