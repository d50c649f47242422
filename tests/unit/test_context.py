"""What a prompt has of the text so far: all of it while it is short, else notes and the last words, never more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.prose import write_prose
from workflows.context import NOTE_WORDS, clip_note, needs_notes, text_before, whole_text
from workflows.messages.messages import PlannedSection
from workflows.state import Outline, Section, State, TextSoFar
from workflows.text.words import count_words


def state_of(*words: int, **notes: str) -> State:
    """Sections of so many words each; `n3="…"` are the notes on the section 3."""
    planned = [
        PlannedSection(index=i, title=f"Title {i}", summary=f"Summary {i}.", target_words=number)
        for i, number in enumerate(words)
    ]
    return State(
        outline=Outline(title="T", sections=planned),
        sections={i: Section(index=i, text=write_prose(f"s{i}", number)) for i, number in enumerate(words)},
        section_notes={int(name[1:]): text for name, text in notes.items()},
    )


def words_of(shown: TextSoFar) -> int:
    return sum(map(count_words, shown["texts"])) + sum(count_words(note["notes"]) for note in shown["notes"])


def test_text_within_the_budget_is_shown_whole_section_by_section() -> None:
    state = state_of(500, 500, 500)
    texts = [state["sections"][0]["text"], state["sections"][1]["text"]]
    assert text_before(state, 2, 1000) == TextSoFar(notes=[], texts=texts)
    assert text_before(state, 0, 1000) == TextSoFar(notes=[], texts=[])


def test_text_beyond_the_budget_is_shown_by_notes_and_its_last_words() -> None:
    state = state_of(1000, 1000, 1000, 100, n0="- Mia has the key.")
    shown = text_before(state, 3, 1500)
    assert [note["index"] for note in shown["notes"]] == [0, 1, 2]
    assert [note["notes"] for note in shown["notes"]] == ["- Mia has the key.", "Summary 1.", "Summary 2."]
    (end,) = shown["texts"]
    assert state["sections"][2]["text"].endswith(end) and 600 <= count_words(end) <= 800


def test_last_words_may_be_several_sections_whole() -> None:
    state = state_of(1000, 300, 350, 100)
    shown = text_before(state, 3, 1000)
    assert shown["texts"] == [state["sections"][1]["text"], state["sections"][2]["text"]]
    assert [note["index"] for note in shown["notes"]] == [0]


def test_sections_that_are_written_at_this_moment_are_not_there() -> None:
    state = state_of(100, 100, 100, 100)
    del state["sections"][1]
    assert text_before(state, 3, 1000)["texts"] == [state["sections"][i]["text"] for i in (0, 2)]


@given(st.lists(st.integers(20, 3000), min_size=1, max_size=60), st.integers(800, 4000))
def test_text_so_far_is_bounded_however_long_the_text_is(words: list[int], budget: int) -> None:
    state = state_of(*[min(number, 400) for number in words])
    state["section_notes"] = {i: write_prose(f"n{i}", NOTE_WORDS) for i in state["sections"]}
    shown = text_before(state, len(words), budget)
    assert words_of(shown) <= max(budget, 2000)
    assert shown["notes"] == [] or shown["notes"][0]["index"] == 0


def test_text_of_a_hundred_thousand_words_costs_a_section_no_more_than_one_of_twenty_thousand() -> None:
    def cost(sections: int) -> float:
        state = state_of(*[500] * sections)
        state["section_notes"] = {i: write_prose(f"n{i}", 100) for i in range(sections)}
        looked_at = range(0, sections, sections // 40)
        return sum(words_of(text_before(state, index, 4000)) for index in looked_at) / len(looked_at)

    assert cost(200) <= 1.05 * cost(40)


def test_finished_text_is_shown_whole_to_what_follows_it_unless_it_is_very_long() -> None:
    assert len(whole_text(state_of(*[1500] * 10))["texts"]) == 10
    assert whole_text(state_of(*[1500] * 20))["notes"]


def test_notes_are_asked_for_where_a_later_section_will_need_them_only() -> None:
    outline = state_of(1000, 1000, 1000)["outline"]
    assert [needs_notes(outline, index, 2000) for index in range(3)] == [True, True, False]
    assert not needs_notes(outline, 0, 3000)


def test_note_that_is_too_long_is_cut_at_a_line_or_a_sentence() -> None:
    note = clip_note("\n".join(f"- {write_prose(str(n), 20)}" for n in range(20)))
    assert count_words(note) <= NOTE_WORDS and note.endswith((".", "”", "!"))
    assert clip_note("- Mia has it.") == "- Mia has it."


def test_section_late_in_a_long_text_has_no_more_words_counted_than_one_farther_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        words = count_words(text)
        counted += words
        return words

    monkeypatch.setattr("workflows.context.count_words", count)
    found = []
    for sections in (50, 200):
        state, counted = state_of(*[400] * sections), 0
        text_before(state, sections, 4000)
        found.append(counted)
    assert found[1] <= found[0] * 1.5  # of four times the sections
