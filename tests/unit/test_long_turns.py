"""Turns that are lectures are broken up without a word of our own, and neighbours of one host are joined."""

from collections.abc import AsyncGenerator
from itertools import pairwise

import pytest

from workflows.formats.pieces import SectionNotes
from workflows.formats.podcast.long_turns import break_turn, mend_turns
from workflows.formats.speech.turns import Turn, parse_turns
from workflows.formats.toolkit.measured_review import LONGEST_TURN
from workflows.text.words import count_words

HOSTS = ["Ada", "Ben"]


def lecture(sentences: int, sentence: str = "The night train left the old station at half past nine") -> str:
    return " ".join(f"{sentence} on day {number}." for number in range(sentences))


async def mend(text: str, size: int, language: str = "en") -> list[str | SectionNotes]:
    async def reply() -> AsyncGenerator[str | SectionNotes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]
        yield SectionNotes("notes")

    return [item async for item in mend_turns(reply(), HOSTS, language)]


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("sentences", [10, 16, 40])
async def test_lecture_is_told_by_both_hosts_in_the_words_it_had(sentences: int, size: int) -> None:
    text = f"Ben: Why so late?\n\nAda: {lecture(sentences)}\n\nBen: I see."
    mended = "".join(item for item in await mend(text, size) if isinstance(item, str))
    turns = parse_turns(mended, HOSTS)
    assert max(count_words(turn.text) for turn in turns) <= LONGEST_TURN
    assert all(one.speaker != other.speaker for one, other in pairwise(turns))
    assert " ".join(turn.text for turn in turns) == f"Why so late? {lecture(sentences)} I see."
    assert (turns[0].speaker, turns[1].speaker, turns[-1].speaker) == ("Ben", "Ada", "Ben")


async def test_turns_of_one_host_after_another_become_one() -> None:
    mended = await mend("Ada: One.\n\nAda: Two.\n\nBen: Three.", 4)
    assert "".join(item for item in mended if isinstance(item, str)) == "Ada: One. Two.\n\nBen: Three."
    assert SectionNotes("notes") in mended


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (lecture(20, "I took the night train"), "en"),
        (lecture(20, "Your night train, Ben, was late"), "en"),
        (lecture(20), "es"),
        (" ".join(["word"] * 200) + ".", "en"),
    ],
)
def test_lecture_of_which_no_sentence_can_change_its_speaker_stays(text: str, language: str) -> None:
    assert break_turn(Turn("Ada", text), HOSTS, language) == [Turn("Ada", text)]


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_turn_that_goes_on_with_one_before_is_broken_up_with_it(size: int) -> None:
    before = f"Ben: Why?\n\nAda: {lecture(8)}"
    more = [
        item
        async for item in mend_turns(_cut(f"{lecture(6)}\n\nBen: I see.", size), HOSTS, "en", before)
        if isinstance(item, str)
    ]
    turns = parse_turns(f"{before}\n\n{''.join(more)}", HOSTS)
    assert max(count_words(turn.text) for turn in turns) <= LONGEST_TURN
    assert all(one.speaker != other.speaker for one, other in pairwise(turns))
    assert " ".join(turn.text for turn in turns) == f"Why? {lecture(8)} {lecture(6)} I see."


async def test_turn_after_one_of_the_other_host_keeps_its_name() -> None:
    more = [item async for item in mend_turns(_cut("Ben: I see.", 3), HOSTS, "en", "Ada: It is late.")]
    assert more == ["Ben: I see."]


async def _cut(text: str, size: int) -> AsyncGenerator[str | SectionNotes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def test_short_turn_stays_as_it_is() -> None:
    assert break_turn(Turn("Ada", "Short. And sweet."), HOSTS, "en") == [Turn("Ada", "Short. And sweet.")]
