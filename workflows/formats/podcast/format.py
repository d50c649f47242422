"""The podcast format: one search, ten sections that share its facts, and the short forms made of them."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, ClassVar

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from workflows.context import text_size, whole_text
from workflows.errors import InvalidInput, ModelBadOutput
from workflows.formats.base import Format, Plan
from workflows.formats.exports import Exporter
from workflows.formats.form import Presentation
from workflows.formats.pieces import PieceText, Remark, SectionNotes
from workflows.formats.podcast.facts import FEWEST_SOURCES, requested_words
from workflows.formats.podcast.first_reply import FirstReply
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.long_turns import mend_turns
from workflows.formats.podcast.metrics import podcast_metrics
from workflows.formats.podcast.plan import (
    beats_of_piece,
    plan_pieces,
    plan_sections,
)
from workflows.formats.podcast.presentation import PRESENTATION
from workflows.formats.podcast.prompt_values import last_speaker, pack_text, section_values, shared_values
from workflows.formats.podcast.replies import PieceDialogue, make_dialogue, read_pack, read_pieces, read_turns
from workflows.formats.podcast.review import review_episode, review_pieces
from workflows.formats.podcast.spoken import language_tag, turns_of
from workflows.formats.speech.exports.exports import script_exports
from workflows.formats.speech.filter.lines import titles_above
from workflows.formats.speech.filter.stream import filter_reply
from workflows.formats.toolkit.answer_fields import clip
from workflows.formats.toolkit.section_notes import split_section
from workflows.loop_turns import off_loop
from workflows.messages.messages import SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.calls.search import Citation, can_search, stream_search
from workflows.models.clients.catalog import Model
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import Facts, OpenPiece, Outline, PlannedPiece, Section, SectionTask, State, texts_of
from workflows.verdicts import ReviewFinding

_PROMPTS = Prompts(Path(__file__).parent / "prompts")
_SUMMARY = 600
_Summary = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    BeforeValidator(lambda text: clip(text, _SUMMARY)),
]


class EpisodePlan(BaseModel):
    """The contents of each section, in order."""

    summaries: list[_Summary] = Field(min_length=1, max_length=10)


class PodcastFormat(Format[PodcastInput]):
    """Episode of ten sections for two hosts, from one fact pack; M1–M2, S1–S4 and R1–R8 from the pack alone."""

    name = "podcast"
    title = "A podcast episode for two hosts, with its short forms"
    parameters: ClassVar[RoleParameters] = {
        "outline": {"temperature": 0.7},
        "writing": {"temperature": 0.8},
        "derived": {"temperature": 0.7},
    }
    Input = PodcastInput
    presentation: ClassVar[Presentation] = PRESENTATION
    example: ClassVar[dict[str, Any]] = {
        "topic": {
            "id": "night-trains",
            "title": "Why night trains are back",
            "description": "New sleeper lines across Europe: who runs them, who pays, and whether they last.",
            "freshness_hours": 72,
            "region": "Europe",
        },
        "hosts": [
            {"name": "Ada", "bio": "curious and quick; asks what the listener would ask"},
            {"name": "Ben", "bio": "calm and exact; explains with pictures from daily life"},
        ],
        "tone": "informed and lively",
        "target_words": 10_000,
    }
    length_tolerance = 0.10
    facts_section = 0
    exports: ClassVar[Mapping[str, Exporter]] = script_exports(turns_of)

    def language(self, inputs: PodcastInput) -> str:
        """The tag of the spoken language."""
        return language_tag(inputs.language)

    def results_words(self, inputs: PodcastInput) -> int:
        """Nothing is made of the text."""
        del inputs
        return 0

    def expected_words(self, inputs: PodcastInput) -> int:
        """The words of the episode and of its short forms."""
        pieces = plan_pieces(inputs) if inputs.pieces else []
        return inputs.target_words + sum(piece["target_words"] for piece in pieces)

    def plan_words(self, inputs: PodcastInput) -> int:
        """A summary a section, where a model makes them."""
        return 250 if inputs.outline == "model" else 0

    def facts_words(self, inputs: PodcastInput) -> int:
        """The words of the pack, midway between the least and the most that is requested."""
        return sum(requested_words(inputs.target_words)) // 2

    def check_model(self, inputs: PodcastInput, model: ModelSpec) -> None:
        """Refuses the embedded model, which can't take a fact pack."""
        del inputs
        if model.provider == "embedded":
            message = "a podcast needs a larger model than the built-in one; name one as provider:model"
            raise InvalidInput.of("options.model", message)

    def policy(self, inputs: PodcastInput) -> Policy:
        """The policy for the general public."""
        del inputs
        return load_policy("general")

    async def plan(self, inputs: PodcastInput, model: Model) -> Plan:
        """The fixed sections; with `outline: model` their summaries are the model's, from one more call."""
        sections = plan_sections(inputs)
        if inputs.outline == "model":
            messages = _PROMPTS.messages("outline", **shared_values(inputs), sections=sections)
            answer = await ask(model, EpisodePlan, messages)
            if len(answer.summaries) != len(sections):
                raise ModelBadOutput(
                    f"{model.spec} planned {len(answer.summaries)} of {len(sections)} sections."
                )
            for section, summary in zip(sections, answer.summaries, strict=True):
                section["summary"] = summary
        return Plan(Outline(title=inputs.topic.title, sections=sections))

    async def write(
        self, task: SectionTask, model: Model
    ) -> AsyncGenerator[str | Facts | Remark | SectionNotes]:
        """One section. The first brings the facts in the same call; the others are written from them."""
        inputs = self.parse(task["input"])
        if task["index"] == self.facts_section:
            first = self._write_first(inputs, task, model)
        else:
            first = self._talk(
                inputs, task, _PROMPTS.messages("section", **section_values(inputs, task)), model
            )
        async with aclosing(first) as items:
            async for item in items:
                yield item

    async def _write_first(
        self, inputs: PodcastInput, task: SectionTask, model: Model
    ) -> AsyncGenerator[str | Facts | Remark | SectionNotes]:
        searches = inputs.search == "auto" and can_search(model.spec)
        if not searches:
            yield Remark("No web search: the episode is written from what was given and is generally known.")
        messages = _PROMPTS.messages(
            "section_one",
            **section_values(inputs, task),
            searches=searches,
            fewest=FEWEST_SOURCES,
            pack_words=requested_words(inputs.target_words),
        )
        reply: AsyncGenerator[str | Citation]
        reply = stream_search(model, messages) if searches else stream_text(model, messages)
        dialogue = make_dialogue(inputs, titles_above(task))
        wants_notes = task.get("wants_notes", False)
        first = FirstReply(dialogue, wants_notes=wants_notes, words=task["target_words"])
        cited = list[Citation]()
        has_yielded_facts = False
        async with aclosing(read_turns(first, reply, cited)) as stream:
            async for said in stream:
                if first.has_facts and not has_yielded_facts:
                    has_yielded_facts = True
                    for found in read_pack(first, model, inputs, searches, cited):
                        yield found
                if said:
                    yield said
        for found in [] if has_yielded_facts else read_pack(first, model, inputs, searches, cited):
            yield found
        if first.notes:
            yield SectionNotes(first.notes)

    def extend(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a section that came out too short."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages("extend", **section_values(inputs, task), text=text, words=words)
        return self._mend(inputs, self._talk(inputs, task, messages, model, text, words), text)

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The end of a section that ran over."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages("land", **section_values(inputs, task), text=text, words=words)
        return self._mend(inputs, self._talk(inputs, task, messages, model, text, words), text)

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The section again, with an editor's notes."""
        inputs = self.parse(task["input"])
        values = section_values(inputs, task)
        messages = _PROMPTS.messages("rewrite", **values, text=section["text"], issues=issues)
        return self._mend(inputs, self._talk(inputs, task, messages, model))

    @staticmethod
    def _mend(
        inputs: PodcastInput, said: AsyncGenerator[str | SectionNotes], text: str = ""
    ) -> AsyncGenerator[str | SectionNotes]:
        """What goes on from `text` without turns that are lectures."""
        hosts = [host.name for host in inputs.hosts]
        return mend_turns(said, hosts, language_tag(inputs.language), text)

    async def review_section(
        self, inputs: PodcastInput, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """What is measured of a section that has just been written."""
        del model
        return await asyncio.to_thread(
            review_episode, inputs, texts_of(state), state.get("facts") or None, index
        )

    async def review(self, inputs: PodcastInput, state: State, model: Model) -> list[ReviewFinding]:
        """Turns that are lectures or follow their own, numbers that the pack doesn't have, what was said before."""
        del model
        return await asyncio.to_thread(review_episode, inputs, texts_of(state), state.get("facts") or None)

    def _talk(
        self,
        inputs: PodcastInput,
        task: SectionTask,
        messages: list[BaseMessage],
        model: Model,
        text: str = "",
        words: int | None = None,
    ) -> AsyncGenerator[str | SectionNotes]:
        """A reply as turns of the hosts that go on from `text`, and the notes on them."""
        dialogue = make_dialogue(inputs, titles_above(task), last_speaker(inputs, text))
        said = stream_text(model, messages)
        return filter_reply(dialogue, split_section(task, said, words, dialogue.is_speaker))

    def plan_pieces(self, inputs: PodcastInput, state: State) -> list[PlannedPiece]:
        """The short forms, unless they are switched off."""
        del state
        return plan_pieces(inputs) if inputs.pieces else []

    async def write_pieces(
        self, inputs: PodcastInput, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """All of them in one call: facts from the pack only, what was put well from the episode."""
        beats = (state.get("facts") or {"canonical_pack": {}})["canonical_pack"].get("beats_outline", [])
        messages = _PROMPTS.messages(
            "pieces",
            **shared_values(inputs),
            pack=pack_text(state.get("facts")),
            text_so_far=await off_loop(text_size(state), whole_text, state),
            pieces=[
                {**piece, "beats": [beats[i] for i in beats_of_piece(piece["name"], len(beats))]}
                for piece in pieces
            ],
        )
        titles = {piece["name"]: (piece["name"], piece["title"]) for piece in pieces}
        dialogues = {name: PieceDialogue(inputs, own) for name, own in titles.items()}
        async for item in read_pieces(stream_text(model, messages), dialogues):
            yield item

    async def land_pieces(
        self, inputs: PodcastInput, state: State, open_pieces: list[OpenPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """The ends of the short forms that ran over or are short, in one call."""
        pack = pack_text(state.get("facts"))
        messages = _PROMPTS.messages("pieces_land", **shared_values(inputs), pack=pack, pieces=open_pieces)
        dialogues = {piece["name"]: PieceDialogue(inputs, (), piece["text"]) for piece in open_pieces}
        async for item in read_pieces(stream_text(model, messages), dialogues):
            yield item

    def metrics(self, inputs: PodcastInput, state: State) -> dict[str, Any]:
        """Minutes of reading and speaking, turns, words by host, sources, pieces; what is wrong with the pieces."""
        metrics = podcast_metrics(inputs, state)
        found = review_pieces(inputs, state.get("pieces") or {}, state.get("facts") or None)
        if not found:
            return metrics
        return {**metrics, "compliance": {"passed": False, "findings": [*state.get("findings", []), *found]}}
