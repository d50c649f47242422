"""Prompts of the story format for the embedded model: the plan, a page, and the choices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from pydantic import BaseModel

from workflows.errors import ModelBadOutput
from workflows.formats.story.plot import (
    Plot,
    PlotEnding,
    count_faults,
    count_plot_faults,
    ending_schema,
    make_scenes,
    plot_schema,
)
from workflows.models.embedded.client import STRUCTURED, misses_the_form
from workflows.models.embedded.prompts import clean_line, load_prompt
from workflows.models.embedded.prose import PageBrief

SCENES = 4
TRIES = 3

_PROMPTS = Path(__file__).parent / "prompts" / "embedded"
_ANSWER_TOKENS = 320
# The caller's texts are cut to the model's context: 2,048 tokens for prompt and answer.
_WISH_CHARACTERS = 160
_ENDING_CHARACTERS = 600
_INTERESTS = 3

FormT = TypeVar("FormT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PlotScene:
    """A page of the plan: `summary` is the page's first line."""

    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class StoryPlan:
    """A plan. `hero` describes the hero, without the name: "a brave girl who loves stars"."""

    title: str
    hero: str
    scenes: tuple[PlotScene, ...]


@dataclass(frozen=True, slots=True)
class PlotChoice:
    """A choice for the child: the action, and its consequence."""

    text: str
    description: str


@dataclass(frozen=True, slots=True)
class PlotChoices:
    """A question about the end of the chapter, and its answers."""

    question: str
    choices: tuple[PlotChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryWish:
    """Subject of a chapter, and its hero. A custom input becomes the hero's own idea, word for word; `hero` keeps
    who the hero was in the chapter before, `before` is that chapter's title."""

    theme: str
    name: str
    age: int
    interests: Sequence[str] = ()
    chapter_number: int = 1
    title: str | None = None
    custom_input: str | None = None
    hero: str | None = None
    before: str | None = None


async def plan_story(chat: BaseChatModel, wish: StoryWish) -> StoryPlan:
    """A plan of four scenes.

    Raises ModelBadOutput when none of three tries has the right form.
    """
    name, own_idea = clean_line(wish.name), _shorten(clean_line(wish.custom_input or ""))
    messages = load_prompt(_PROMPTS / "outline.md").messages(
        theme=wish.theme,
        name=name,
        age=wish.age,
        interests=" and ".join(wish.interests[:_INTERESTS]) or "adventures",
        wish=own_idea,
    )
    matter = clean_line(wish.theme)
    plot = await _fill(
        chat, messages, Plot, lambda lots: plot_schema(matter, lots, wish.hero), count_plot_faults
    )
    scenes = make_scenes(plot, name, own_idea, wish.chapter_number, wish.before)
    return StoryPlan(
        title=clean_line(wish.title or "") or f"{name} and {plot.title}",
        hero=plot.hero,
        scenes=tuple(PlotScene(*scene) for scene in scenes),
    )


async def offer_choices(chat: BaseChatModel, *, name: str, theme: str, ending_text: str) -> PlotChoices:
    """A question about the next chapter, and three answers. `ending_text` is best the last scene's line.

    Raises ModelBadOutput when none of three tries has the right form.
    """
    name = clean_line(name)
    ending_text = ending_text[-_ENDING_CHARACTERS:]
    messages = load_prompt(_PROMPTS / "choices.md").messages(theme=theme, name=name, ending=ending_text)
    ending = await _fill(
        chat, messages, PlotEnding, lambda lots: ending_schema(ending_text, lots), count_faults
    )
    offered = [
        (ending.choice_1, ending.then_1),
        (ending.choice_2, ending.then_2),
        (ending.choice_3, ending.then_3),
    ]
    return PlotChoices(
        question=f"What should {name} {ending.question}?",
        choices=tuple(PlotChoice(text, f"{name} will {then}.") for text, then in offered),
    )


def scene_page(
    *, name: str, hero: str, index: int, summary: str, before: str | None = None, target_words: int = 90
) -> PageBrief:
    """The page of PlotScene `index` (from 0), to be written.

    `summary` is its line in the plan, `before` the line of the scene before it.
    """
    prompt = load_prompt(_PROMPTS / "page.md")
    place_in_plot = min(index, SCENES - 1) + 1
    return PageBrief(
        system=prompt.block("system"),
        instruction=prompt.block("instruction", name=name, hero=hero, before=before or "", line=summary),
        opening=summary,
        target_words=target_words,
        starters=tuple(prompt.block(f"starters_{place_in_plot}", name=name).splitlines()),
    )


async def _fill(
    chat: BaseChatModel,
    messages: list[BaseMessage],
    form: type[FormT],
    make_schema: Callable[[Random], dict[str, Any]],
    count: Callable[[FormT], int],
) -> FormT:
    """The first answer without a fault, else the one of all tries with the fewest.

    A pattern has no upper limit, so a model this small now and then runs on until its room is used up.
    """
    answers: list[FormT] = []
    for _ in range(TRIES):
        structured = chat.with_structured_output(
            make_schema(Random()), method="json_schema", max_tokens=_ANSWER_TOKENS, **STRUCTURED
        )
        try:
            answers.append(form.model_validate(await structured.ainvoke(messages)))
        except Exception as error:
            if not misses_the_form(error):
                raise
            continue
        if count(answers[-1]) == 0:
            break
    if not answers:
        raise ModelBadOutput("The embedded model did not answer in the form that was asked for.")
    return min(answers, key=count)


def _shorten(wish: str) -> str:
    """The wish as the text between two quotation marks: one or two sentences, ended by a mark."""
    wish = wish.replace('"', "'")
    if len(wish) > _WISH_CHARACTERS:
        start = wish[:_WISH_CHARACTERS]
        wish = (start.rpartition(" ")[0] or start).rstrip(",;:") + "…"
    return wish if not wish or wish[-1] in ".!?…" else f"{wish}."
