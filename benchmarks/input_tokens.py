"""What a section's prompt costs as the text grows: the text so far is whole while it is short, then bounded."""

from itertools import pairwise
from typing import cast

from benchmarks.report import Row, Rows, show_one
from tests.fakes.prose import write_prose
from workflows.formats.story.format import PROMPTS, StoryFormat, section_values
from workflows.messages.messages import PlannedSection
from workflows.section_tasks import section_task
from workflows.state import Outline, Section, State
from workflows.text.words import count_words

_WORDS = 500
_SECTIONS = (40, 100, 200)
_NOTES = 100
_GROWTH = 1.05


async def run() -> Rows:
    """Stories of 20,000, 50,000 and 100,000 words: every section's prompt as the model would be given it."""
    rows: Rows = []
    first = 0.0
    for count in _SECTIONS:
        prompts = _prompts(count)
        sizes = [count_words(prompt) for prompt in prompts]
        a_section = sum(sizes) / count
        first = first or a_section
        again = sum(sizes) + _WORDS * count * (count - 1) // 2
        rows.append(
            Row(
                f"{count * _WORDS:,} words in {count} sections",
                f"{a_section:,.0f} words of prompt a section, at most {max(sizes):,}; "
                f"{_share_kept(prompts):.0%} begin as the prompt before",
                f"{again // count:,} with the whole text sent each time",
                a_section / first,
                f"≤ {_GROWTH}",
                a_section <= _GROWTH * first,
            )
        )
    return rows


def _state(count: int) -> State:
    sections = [
        PlannedSection(
            index=index,
            title=f"Night {index}",
            summary=write_prose(f"summary {index}", 25),
            target_words=_WORDS,
        )
        for index in range(count)
    ]
    inputs = StoryFormat().parse(StoryFormat.example)
    return State(
        input=inputs.model_dump(mode="json"),
        outline=Outline(title="A long story", sections=sections),
        notes={},
        sections={
            index: Section(index=index, text=write_prose(f"text {index}", _WORDS)) for index in range(count)
        },
        section_notes={index: write_prose(f"notes {index}", _NOTES) for index in range(count)},
    )


def _prompts(count: int) -> list[str]:
    format, state = StoryFormat(), _state(count)
    inputs, found = format.parse(state["input"]), []
    for index in range(count):
        before = {number: section for number, section in state["sections"].items() if number < index}
        there = cast(State, {**state, "sections": before})
        system, user = PROMPTS.messages("section", **section_values(inputs, section_task(there, index)))
        found.append(f"{system.text}\n{user.text}")
    return found


def _share_kept(prompts: list[str]) -> float:
    """How much of the prompts begins as the one before it: what a provider's cache may be asked for."""
    kept = sum(_shared(one, two) for one, two in pairwise(prompts))
    return kept / sum(map(len, prompts))


def _shared(one: str, two: str) -> int:
    return next((place for place, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), 0)


if __name__ == "__main__":
    show_one(run, "input_tokens")
