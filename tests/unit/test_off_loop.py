"""Work over a long text leaves the event loop."""

from threading import get_ident

import pytest

from tests.fakes.provider import FakeProvider
from tests.models import open_model
from workflows.formats.measured_review import words_in
from workflows.formats.story import format as story
from workflows.messages.messages import PlannedSection
from workflows.models.calls.slices import off_loop
from workflows.safety import folding
from workflows.safety.policy_files import load_policy
from workflows.safety.screen import SentenceFilter
from workflows.state import Outline, Section, State


async def test_work_over_a_long_text_is_done_in_another_thread() -> None:
    assert await off_loop("a" * 100_000, get_ident) != get_ident()


async def test_work_over_a_short_text_is_done_at_once() -> None:
    assert await off_loop("a" * 1000, get_ident) == get_ident()


def test_lexicons_of_a_policy_come_with_the_table_of_lookalikes() -> None:
    policy = load_policy("child", 7).model_copy(update={"names": ("Uzi",)}, deep=True)
    folding._lookalikes.cache_clear()
    policy.__dict__.pop("_lexicons", None)

    assert policy.lexicon
    assert folding._lookalikes.cache_info().currsize == 1


@pytest.mark.parametrize("unit", ["a,", "b. ", "q-"])
def test_text_that_spells_on_for_ever_is_given_out_meanwhile(unit: str) -> None:
    one, text = SentenceFilter(load_policy("child", 7)), unit * 10_000
    given = "".join(one.feed(text[start : start + 500]) for start in range(0, len(text), 500))

    assert one.match is None
    assert len(given) > len(text) - 4000
    assert given + one.close() == text


async def test_choices_of_a_long_story_are_made_without_holding_the_loop(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def search(words: list[str], text: str) -> list[str]:
        threads.append(get_ident())
        return words_in(words, text)

    monkeypatch.setattr(story, "words_in", search)
    one = story.StoryFormat()
    planned = PlannedSection(index=0, title="Dusk", summary="The lamp goes out.", target_words=200)
    state = State(
        outline=Outline(title="The Lamp", sections=[planned]),
        notes={"vocabulary_words": [{"word": "dusk", "definition": "the end of the day"}]},
        sections={0: Section(index=0, text="It was dusk. " * 2000)},
    )
    async with open_model(provider.root_url, "chat") as model:
        found = await one.derive(one.parse(one.example), state, model)

    assert [word["word"] for word in found["vocabulary_words"]] == ["dusk"]
    assert threads and get_ident() not in threads
