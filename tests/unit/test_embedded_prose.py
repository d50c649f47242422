"""Prose from the embedded model: what becomes of its paragraphs, whatever the model says."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from workflows.errors import ModelBadOutput, ModelTruncated
from workflows.models.embedded.prose import PARAGRAPH_TOKENS, PageBrief, write_prose
from workflows.models.embedded.sentences import SentenceBuffer

OPENING = "Maya found a map."
PAGE = PageBrief(system="You tell.", instruction="Tell.", opening=OPENING, target_words=20)
WORDS = " She walked for a long day over the hills and over the sea, and she sang."


class ScriptedModel(BaseChatModel):
    """Answers with `replies` one after the other, in pieces of three characters, and keeps what it was asked."""

    replies: list[tuple[str, str | None]]
    _asked: list[tuple[list[BaseMessage], dict[str, Any]]] = PrivateAttr(default_factory=list)

    @property
    def asked(self) -> list[tuple[list[BaseMessage], dict[str, Any]]]:
        return self._asked

    @property
    def begun(self) -> list[str]:
        """The beginnings of a reply that the model was given, call by call."""
        return [str(messages[-1].content) for messages, _ in self._asked]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        del args, kwargs
        raise AssertionError("prose is streamed")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: Sequence[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del run_manager
        text, finish = self.replies[len(self._asked)]
        self._asked.append((messages, {"stop": stop, **kwargs}))
        for start in range(0, len(text), 3):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text[start : start + 3]))
        metadata = {"finish_reason": finish} if finish else {}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=metadata))


def page(**changes: Any) -> PageBrief:
    return replace(PAGE, **changes)


async def write(model: BaseChatModel, **changes: Any) -> list[str]:
    return [delta async for delta in write_prose(model, page(**changes))]


async def test_page_begins_with_its_opening_before_the_model_is_asked() -> None:
    model = ScriptedModel(replies=[(WORDS, "stop")])
    text = write_prose(model, page())
    assert await anext(text) == OPENING
    assert model.asked == []
    await text.aclose()


async def test_sentences_come_as_they_end() -> None:
    model = ScriptedModel(replies=[(" She laughed. She ran." + WORDS, "stop")])
    assert await write(model) == [OPENING, " She laughed.", " She ran.", WORDS]


async def test_model_goes_on_from_the_page_so_far() -> None:
    model = ScriptedModel(replies=[(" She ran away.", "stop"), (" she came back." + WORDS, "stop")])
    text = "".join(await write(model, target_words=40, starters=("Then",)))
    assert text == f"{OPENING} She ran away.\n\nThen she came back.{WORDS}"
    assert model.begun == [OPENING, f"{OPENING} She ran away.\n\nThen"]


async def test_starters_are_taken_in_turn() -> None:
    replies = [(" She ran.", "stop"), (" she sat.", "stop"), (" she ate.", "stop"), (" she slept.", "stop")]
    model = ScriptedModel(replies=replies)
    text = "".join(await write(model, target_words=200, starters=("Then", "Soon"), max_paragraphs=4))
    assert text.split("\n\n")[1:] == ["Then she sat.", "Soon she ate.", "Then she slept."]


async def test_paragraph_cut_at_its_limit_ends_at_its_last_sentence() -> None:
    model = ScriptedModel(replies=[(WORDS + " And then the old", "length")])
    assert "".join(await write(model)) == OPENING + WORDS


async def test_paragraph_that_ends_without_a_mark_loses_its_last_words() -> None:
    model = ScriptedModel(replies=[(WORDS + " And then the old", "stop")])
    assert "".join(await write(model)) == OPENING + WORDS


async def test_writing_stops_at_the_paragraph_near_the_target() -> None:
    model = ScriptedModel(replies=[(WORDS, "stop"), (WORDS.replace("walked", "swam"), "stop")])
    await write(model, target_words=20)
    assert len(model.asked) == 1


async def test_last_paragraph_gets_no_more_room_than_the_page_wants() -> None:
    model = ScriptedModel(
        replies=[(WORDS, "stop"), (" she" + WORDS.replace("walked", "swam").lower(), "stop")]
    )
    await write(model, target_words=46)
    rooms = [options["max_tokens"] for _, options in model.asked]
    assert rooms[0] == 70
    assert rooms[1] < rooms[0] <= PARAGRAPH_TOKENS


async def test_empty_paragraph_is_asked_for_again() -> None:
    model = ScriptedModel(replies=[("", "stop"), (" And the", "length"), (WORDS, "stop")])
    assert "".join(await write(model)) == OPENING + WORDS


async def test_three_empty_paragraphs_are_bad_output() -> None:
    model = ScriptedModel(replies=[("", "stop")] * 4)
    with pytest.raises(ModelBadOutput):
        await write(model)
    assert len(model.asked) == 3


async def test_stream_without_a_finish_reason_is_truncated_and_keeps_what_was_told() -> None:
    model = ScriptedModel(replies=[(" She laughed. She ran", None)])
    told = []
    with pytest.raises(ModelTruncated):
        async for delta in write_prose(model, page()):
            told.append(delta)
    assert told == [OPENING, " She laughed."]


async def test_markup_and_control_characters_never_get_out() -> None:
    model = ScriptedModel(
        replies=[(" She\x00 ran<|im_end|>\x1b fast.\tAnd far.<|im_start|>" + WORDS, "stop")]
    )
    text = "".join(await write(model, target_words=5))
    assert text == f"{OPENING} She ran fast. And far.{WORDS}"


async def test_model_is_held_to_story_text() -> None:
    model = ScriptedModel(replies=[(WORDS, "stop")])
    await write(model)
    messages, options = model.asked[0]
    assert isinstance(messages[-1], AIMessage)
    assert options["stop"] == ["\n"]
    assert "0-9" in options["extra_body"]["grammar"]
    assert options["extra_body"]["dry_multiplier"] == 0.8


def tell(text: str, told: str = "", starter: str = "", gap: str = " ") -> str:
    """What a buffer lets through of `text`; the same however the text is cut, or the test fails."""
    results = set()
    for size in (1, 2, 5, len(text)):
        buffer = SentenceBuffer(told, starter, gap)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        results.add(
            "".join(sentence for piece in pieces for sentence in buffer.feed(piece))
            + "".join(buffer.finish())
        )
    assert len(results) == 1
    return results.pop()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (' "Oh!" she said. "Who are you?" It hid.', ' "Oh!" she said. "Who are you?" It hid.'),
        (" Mr. Fox met Dr. Owl. They", " Mr. Fox met Dr. Owl."),
        (' He ran. "I am here. I am', " He ran."),
        (" Wait... what is it? She", " Wait... what is it?"),
        ("  Two   spaces.  Here.", " Two spaces. Here."),
    ],
)
def test_sentence_ends_where_a_reader_says_it_does(text: str, told: str) -> None:
    assert tell(text) == told


@pytest.mark.parametrize(
    "unwanted",
    [
        "She ran.",
        "This story is about a map.",
        "It flew high high high.",
        'He said, "Ben said, "Go!" and " left.',
    ],
)
def test_sentence_that_is_no_story_is_left_out(unwanted: str) -> None:
    assert tell(f" She sat. {unwanted} It rained.", told="Maya came. She ran.") == " She sat. It rained."


def test_gap_comes_before_the_first_sentence_that_is_told() -> None:
    assert tell(" she ran. It rained.", told="Then she ran.", starter="Then", gap="\n\n") == "\n\nIt rained."
