"""A script's text: headings, the report on it, subtitles."""

import json
from collections.abc import AsyncGenerator
from typing import Any
from xml.etree import ElementTree

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import ModelBadOutput
from workflows.formats.creator_script.files import EXPORTS, render_srt
from workflows.formats.creator_script.format import CreatorScriptFormat
from workflows.formats.creator_script.plan import make_plan
from workflows.formats.creator_script.report import Report, report_on
from workflows.formats.creator_script.script import HEADING, spoken, under_heading
from workflows.formats.creator_script.timing import TimeSlot, heading, words_for
from workflows.formats.exports import Finished
from workflows.formats.speech.exports.subtitles import SpokenPassage, make_cues
from workflows.state import Section, State
from workflows.text.words import count_words

SCRIPT = CreatorScriptFormat()
WISH = {
    "topic": "How bees find flowers",
    "duration_minutes": 2,
    "words_per_minute": 100,
    "key_points": ["must: Bees see ultraviolet light", "should: Bees dance the way"],
}
SAYS = "What you can't see, bees see: ultraviolet light. It marks the landing place."


def prose(words: int) -> str:
    """Whole sentences of about so many words."""
    return " ".join(["The garden is full of them this morning."] * (words // 8 or 1))


def spoken_words(slot: TimeSlot) -> int:
    return words_for(slot["end"] - slot["start"], 100)


def state_of(*changes: tuple[int, str]) -> State:
    """A script as it should be, but for these sections."""
    wish = SCRIPT.parse(WISH)
    plan = make_plan(wish, SCRIPT.template(wish))
    texts = {
        index: f"{heading(slot)}\n\n{prose(spoken_words(slot))}"
        for index, slot in enumerate(plan.notes["slots"])
    }
    texts[1] += f"\n\n{SAYS}"
    texts |= dict(changes)
    return State(
        input=WISH,
        outline=plan.outline,
        notes=plan.notes,
        sections={index: Section(index=index, text=text) for index, text in texts.items()},
    )


def report(*changes: tuple[int, str]) -> Report:
    return report_on(SCRIPT.parse(WISH), state_of(*changes))


def text(index: int) -> str:
    return state_of()["sections"][index]["text"]


async def told(*chunks: str) -> str:
    async def stream() -> AsyncGenerator[str]:
        for chunk in chunks:
            yield chunk

    return "".join([chunk async for chunk in under_heading("[00:00–00:20] HOOK", stream())])


# Headings.


@pytest.mark.parametrize(
    "reply",
    ["Have you seen a bee?", "[00:00–00:20] HOOK\n\nHave you seen a bee?", "**HOOK**\nHave you seen a bee?",
     "## Hook (20 s)\n\nHave you seen a bee?", "HOOK:\nHave you seen a bee?", "[0:00 - 0:20]\n\nHave you seen a bee?",
     "# The bee\n[00:00] Hook\n\nHave you seen a bee?"],
)  # fmt: skip
async def test_heading_is_ours_once_whatever_the_model_puts_there_however_it_is_cut(reply: str) -> None:
    wanted = "[00:00–00:20] HOOK\n\nHave you seen a bee?"
    assert await told(reply) == wanted
    assert await told(*reply) == wanted


@pytest.mark.parametrize(
    "reply",
    ["How often?\nVery often.", "10 bees", "Only a line", "[sighs] It was late.", "(Hello.) Hi.\nYes."],
)
async def test_first_line_that_is_no_heading_stays(reply: str) -> None:
    assert await told(*reply) == f"[00:00–00:20] HOOK\n\n{reply}"


@pytest.mark.parametrize("reply", ["", "HOOK", "[00:00–00:20] HOOK\n"])
async def test_reply_that_is_only_a_heading_is_bad_output(reply: str) -> None:
    with pytest.raises(ModelBadOutput):
        await told(reply)


# The report.


def test_report_on_a_script_as_it_should_be_passes_and_shows_where_each_point_is_said() -> None:
    found = report()
    assert found.findings == [] and found.summary()["passed"]
    must, should = found.points
    assert must == {
        "text": "Bees see ultraviolet light",
        "priority": "must",
        "covered": True,
        "section": 1,
        "quote": "What you can't see, bees see: ultraviolet light.",
    }
    assert not should["covered"]  # which is told, and no reason to write it again


@pytest.mark.parametrize(
    ("change", "rules", "sections"),
    [
        ((1, text(1).replace(SAYS, "Bees see.")), {"must_points"}, [1]),
        ((1, spoken(text(1))), {"structure"}, [1]),
        ((0, text(0).replace("–00:18", "–00:28")), {"time_ranges"}, [0]),
        ((2, f"{text(2).splitlines()[0]}\n\n- a bee\n- a flower\n\n{prose(60)}"), {"prose"}, [2]),
    ],
)
def test_report_names_the_rule_and_the_section_at_fault(
    change: tuple[int, str], rules: set[str], sections: list[int]
) -> None:
    found = report(change)
    assert {rule for rule, holds in found.rules.items() if not holds} == rules
    assert [finding["section"] for finding in found.findings] == sections
    assert all(finding["rewrite"] and finding["advice"] for finding in found.findings)


@pytest.mark.parametrize(("factor", "said"), [(0.4, "Say more"), (1.6, "in fewer words")])
def test_report_blames_the_sections_that_make_the_whole_too_short_or_too_long(
    factor: float, said: str
) -> None:
    changes = []
    for index in (1, 2):
        wanted = spoken_words(state_of()["notes"]["slots"][index])
        line = text(index).splitlines()[0]
        changes.append((index, f"{line}\n\n{SAYS if index == 1 else ''} {prose(round(wanted * factor))}"))
    found = report(*changes)
    assert [finding["section"] for finding in found.findings] == [1, 2]
    assert all(finding["rule"] == "length" and said in finding["advice"] for finding in found.findings)


def test_report_lets_one_short_section_be_when_the_whole_is_right() -> None:
    assert report((3, f"{text(3).splitlines()[0]}\n\nThat was it.")).findings == []


def test_metrics_count_what_is_spoken_and_say_how_long_it_takes() -> None:
    metrics = SCRIPT.metrics(SCRIPT.parse(WISH), state_of())
    assert metrics["word_count"] == sum(count_words(spoken(text(index))) for index in range(4))
    assert metrics["speaking_seconds"] == round(metrics["word_count"] * 0.6)
    assert metrics["sections"][0]["planned"] == "00:00–00:18"
    assert metrics["compliance"]["rules"]["must_points"] is True


# Subtitles.


def finished(*texts: str) -> Finished:
    sections = [("", f"[00:00–00:20] HOOK\n\n{text}") for text in texts]
    return Finished("R", "creator_script", "Bees", "en", {}, sections, metadata={"words_a_minute": 150})


def test_subtitles_are_read_by_a_player_without_headings_and_last_as_long_as_the_words() -> None:
    words = prose(300)
    read = pysubs2.SSAFile.from_string(render_srt(finished(words, SAYS)).decode(), format_="srt")
    shown = " ".join(event.plaintext.replace("\n", " ") for event in read)
    assert shown.split() == f"{words} {SAYS}".split()
    assert read[0].start == 0
    assert read[-1].end == pytest.approx(count_words(f"{words} {SAYS}") * 400, abs=2)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=300), max_size=4
    ),
    st.integers(80, 220),
)
def test_subtitles_are_short_enough_to_read_and_never_overlap(texts: list[str], pace: int) -> None:
    before = 0.0
    for cue in make_cues([SpokenPassage(text) for text in texts], pace):
        assert 1 <= len(cue.lines) <= 2 and all(1 <= len(line) <= 42 for line in cue.lines)
        assert cue.start == pytest.approx(before) or cue.start > before
        assert 0 < cue.end - cue.start <= 7.0001
        before = cue.end


def test_script_for_speech_is_one_voice_a_paragraph_a_turn_without_headings() -> None:
    given = finished("One.\n\nTwo & two.", "Three.")
    voices = ElementTree.fromstring(EXPORTS["ssml"].render(given)).findall("{*}voice")
    assert [(voice.get("name"), voice.text) for voice in voices] == [
        ("narrator", "One."), ("narrator", "Two & two."), ("narrator", "Three.")
    ]  # fmt: skip
    segments = json.loads(EXPORTS["segments"].render(given))
    assert [(part["text"], part["estimated_seconds"]) for part in segments] == [
        ("One.", 0.4), ("Two & two.", 0.8), ("Three.", 0.4)
    ]  # fmt: skip


def test_headings_of_every_section_are_recognised() -> None:
    state: Any = state_of()
    assert all(HEADING.match(section["text"].splitlines()[0]) for section in state["sections"].values())
