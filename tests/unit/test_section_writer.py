"""What a node writes on its section is what readers get and what the state keeps."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import ModelBadOutput, ModelTruncated
from workflows.messages.messages import TextRetracted
from workflows.sections.section_writer import SectionWriter
from workflows.text.streams.normaliser import normalise
from workflows.text.words import has_words

chunks = st.lists(
    st.text(st.sampled_from("a. \n\r\x00\ud83d\ude00ש") | st.characters(), max_size=8), max_size=8
)


async def write(*given: str) -> tuple[str, list[Any]]:
    items: list[Any] = []
    with SectionWriter(3, items.append) as section:
        for chunk in given:
            section.write(chunk)
        return section.finish()["text"], items


@given(chunks)
async def test_section_writer_keeps_exactly_the_text_that_readers_get(given: list[str]) -> None:
    whole = normalise("".join(given))
    if not has_words(whole):
        with pytest.raises(ModelBadOutput):
            await write(*given)
        return
    text, items = await write(*given)
    assert text == whole == "".join(item.chunk for item in items)
    assert [item.is_complete for item in items] == [False] * (len(items) - 1) + [True]
    assert all(item.chunk for item in items[:-1])
    assert {(item.type, item.section, item.piece) for item in items} == {("content", 3, None)}


async def test_section_writer_that_is_finished_is_the_section_of_the_state() -> None:
    items: list[Any] = []
    with SectionWriter(2, items.append) as section:
        section.write(" Once. ")
        assert section.finish() == {"index": 2, "text": "Once."}


async def test_section_writer_sends_its_first_words_at_once_and_joins_what_follows() -> None:
    items: list[Any] = []
    with SectionWriter(0, items.append) as section:
        section.write("Once")
        assert [item.chunk for item in items] == ["Once"]
        section.write(" upon")
        section.write(" a time")
        assert len(items) == 1
        joined = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, joined.set_result, None)
        await joined
        assert [item.chunk for item in items] == ["Once", " upon a time"]
        section.finish()


async def test_section_writer_that_is_left_by_an_error_has_sent_every_word() -> None:
    items: list[Any] = []
    with pytest.raises(ModelTruncated), SectionWriter(0, items.append) as section:
        section.write("Once")
        section.write(" upon a time")
        raise ModelTruncated("The reply broke off.")
    assert [(item.chunk, item.is_complete) for item in items] == [("Once", False), (" upon a time", False)]


@pytest.mark.parametrize("nothing", [(), ("",), (" \n", "\t")])
async def test_section_writer_without_a_word_is_a_failure_of_the_model_that_names_the_section(
    nothing: tuple[str, ...],
) -> None:
    with pytest.raises(ModelBadOutput, match="section 4"):
        await write(*nothing)


async def test_section_writer_that_is_retracted_says_why() -> None:
    items: list[Any] = []
    SectionWriter(1, items.append).retract("safety")
    assert items == [TextRetracted(section=1, reason="safety")]
