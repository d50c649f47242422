"""The podcast format: one search, ten sections that share its facts, and the short forms made of them."""

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, StringConstraints

from workflows.errors import FieldError, InvalidInput, ModelBadOutput
from workflows.formats.base import Format, Plan
from workflows.formats.exports import Exporter
from workflows.formats.pieces import PieceText, Remark
from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.podcast.facts import FEWEST_SOURCES, read_facts, remarks_on
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.podcast.metrics import podcast_metrics
from workflows.formats.podcast.plan import (
    RUMOR_WATCH,
    beats_of_piece,
    beats_of_section,
    plan_pieces,
    plan_sections,
)
from workflows.formats.podcast.spoken import language_tag, turns_of
from workflows.formats.recap import neighbours
from workflows.formats.speech.exports import script_exports
from workflows.formats.speech.lines import titles_above
from workflows.formats.speech.stream import filter_reply, in_steps
from workflows.messages.messages import PlannedSection, SafetyIssue
from workflows.models.calls.calls import ask, stream_text
from workflows.models.calls.search import Citation, can_search, stream_search
from workflows.models.clients.catalog import Model
from workflows.models.parameters import RoleParameters
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policy import Policy, load_policy
from workflows.state import Facts, Outline, PlannedPiece, Section, SectionTask, State

_PROMPTS = Prompts(Path(__file__).parent / "prompts")
_FACTS = "FACTS"
_Summary = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]


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
    length_tolerance = 0.03
    facts_section = 0
    exports: ClassVar[Mapping[str, Exporter]] = script_exports(turns_of)

    def language(self, inputs: PodcastInput) -> str:
        """The tag of the spoken language."""
        return language_tag(inputs.language)

    def check_model(self, inputs: PodcastInput, model: ModelSpec) -> None:
        """Refuses the embedded model, which can't take a fact pack."""
        del inputs
        if model.provider == "embedded":
            message = "a podcast needs a larger model than the built-in one; name one as provider:model"
            raise InvalidInput(f"options.model: {message}", (FieldError("options.model", message),))

    def policy(self, inputs: PodcastInput) -> Policy:
        """The policy for the general public."""
        del inputs
        return load_policy("general")

    async def plan(self, inputs: PodcastInput, model: Model) -> Plan:
        """The fixed sections; with `outline: model` their summaries are the model's, from one more call."""
        sections = plan_sections(inputs)
        if inputs.outline == "model":
            messages = _PROMPTS.messages("outline", input=inputs, language=inputs.language, sections=sections)
            answer = await ask(model, EpisodePlan, messages)
            if len(answer.summaries) != len(sections):
                raise ModelBadOutput(
                    f"{model.spec} planned {len(answer.summaries)} of {len(sections)} sections."
                )
            for section, summary in zip(sections, answer.summaries, strict=True):
                section["summary"] = summary
        return Plan(Outline(title=inputs.topic.title, sections=sections))

    async def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | Facts | Remark]:
        """A section. The first yields the facts from the same call; the others are written from them."""
        inputs = self.parse(task["input"])
        if task["index"] == self.facts_section:
            async with aclosing(self._write_first(inputs, task, model)) as first:
                async for item in first:
                    yield item
            return
        section = _section(task)
        messages = _PROMPTS.messages(
            "section",
            input=inputs,
            language=inputs.language,
            pack=_pack_text(task["facts"]),
            around=[
                one for one in neighbours(task["outline"], task["index"]) if one["index"] != task["index"]
            ],
            section=section,
            beats=_beats(task),
            ask_words=task["ask_words"],
            last_paragraph=task["last_paragraph"],
            rumor_watch=RUMOR_WATCH,
        )
        async with aclosing(_talk(inputs, task, stream_text(model, messages))) as turns:
            async for text in turns:
                yield text

    async def _write_first(
        self, inputs: PodcastInput, task: SectionTask, model: Model
    ) -> AsyncGenerator[str | Facts | Remark]:
        searches = inputs.search == "auto" and can_search(model.spec)
        if not searches:
            yield Remark("No web search: the episode is written from what was given and is generally known.")
        messages = _PROMPTS.messages(
            "section_one",
            input=inputs,
            language=inputs.language,
            section=_section(task),
            ask_words=task["ask_words"],
            searches=searches,
            fewest=FEWEST_SOURCES,
        )
        reply = stream_search(model, messages) if searches else stream_text(model, messages)
        marked, dialogue = MarkedText(), _dialogue(inputs, titles_above(task))
        cited: list[Citation] = []
        told: list[str] = []
        async with aclosing(reply) as stream:
            async for item in stream:
                if isinstance(item, Citation):
                    cited.append(item)
                    continue
                async for piece in in_steps(item):
                    for said in _part(marked.feed(piece), dialogue, told):
                        yield said
        for said in _part(marked.close(), dialogue, told):
            yield said
        yield dialogue.close()
        if not told:
            raise ModelBadOutput(f"{model.spec} wrote no facts beside the first section.")
        facts = read_facts(
            "".join(told), searched=searches, cited=cited, reference=inputs.reference_text or ""
        )
        for remark in remarks_on(facts, searched=searches):
            yield Remark(remark)
        yield facts

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str]:
        """The end of a section that came out too short."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "extend",
            input=inputs,
            language=inputs.language,
            section=_section(task),
            beats=_beats(task),
            ending="\n\n".join(text.split("\n\n")[-4:]),
            words=words,
        )
        return _talk(inputs, task, stream_text(model, messages))

    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The section rewritten by an editor's notes."""
        inputs = self.parse(task["input"])
        messages = _PROMPTS.messages(
            "rewrite",
            language=inputs.language,
            text=section["text"],
            words=task["ask_words"],
            issues=issues,
        )
        return _talk(inputs, task, stream_text(model, messages))

    def plan_pieces(self, inputs: PodcastInput, state: State) -> list[PlannedPiece]:
        """The short forms, unless they are switched off."""
        del state
        return plan_pieces(inputs) if inputs.pieces else []

    async def write_pieces(
        self, inputs: PodcastInput, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """All pieces in one call, from the pack only."""
        beats = (state.get("facts") or {"canonical_pack": {}})["canonical_pack"].get("beats_outline", [])
        messages = _PROMPTS.messages(
            "pieces",
            input=inputs,
            language=inputs.language,
            pack=_pack_text(state.get("facts")),
            pieces=[
                {**piece, "beats": [beats[i] for i in beats_of_piece(piece["name"], len(beats))]}
                for piece in pieces
            ],
        )
        titles = {piece["name"]: (piece["name"], piece["title"]) for piece in pieces}
        marked, name, dialogue = MarkedText(), "", _dialogue(inputs)
        async with aclosing(_split(marked, stream_text(model, messages))) as parts:
            async for part, text in parts:
                if part != name:
                    if name and (rest := dialogue.close()):
                        yield PieceText(name, rest)
                    name, dialogue = part, _dialogue(inputs, titles.get(part, ()))
                if name and (said := dialogue.feed(text)):
                    yield PieceText(name, said)
        if name and (rest := dialogue.close()):
            yield PieceText(name, rest)

    def metrics(self, inputs: PodcastInput, state: State) -> dict[str, Any]:
        """Minutes of reading and speaking, turns, words by host, sources, pieces."""
        return podcast_metrics(inputs, state)


async def _split(marked: MarkedText, reply: AsyncGenerator[str]) -> AsyncGenerator[tuple[str, str]]:
    async with aclosing(reply) as stream:
        async for chunk in stream:
            async for piece in in_steps(chunk):
                for part in marked.feed(piece):
                    yield part
    for part in marked.close():
        yield part


def _talk(inputs: PodcastInput, task: SectionTask, reply: AsyncGenerator[str]) -> AsyncGenerator[str]:
    """A reply as turns of the hosts."""
    return filter_reply(_dialogue(inputs, titles_above(task)), reply)


def _part(parts: Iterable[tuple[str, str]], dialogue: Dialogue, facts: list[str]) -> Iterator[str]:
    """The dialogue of a reply's parts; the facts among them are added to `facts`."""
    for name, text in parts:
        if name == "" and (said := dialogue.feed(text)):
            yield said
        elif name == _FACTS:
            facts.append(text)


def _dialogue(inputs: PodcastInput, titles: Sequence[str] = ()) -> Dialogue:
    return Dialogue([host.name for host in inputs.hosts], language_tag(inputs.language), titles)


def _section(task: SectionTask) -> PlannedSection:
    return task["outline"]["sections"][task["index"]]


def _beats(task: SectionTask) -> list[dict[str, str]]:
    """The section's own beats, so that no two sections have the same contents."""
    beats = (task["facts"] or {"canonical_pack": {}})["canonical_pack"].get("beats_outline", [])
    own = beats_of_section(task["index"], len(task["outline"]["sections"]), len(beats))
    return [beats[i] for i in own]


def _pack_text(facts: Facts | None) -> str:
    return json.dumps(facts["canonical_pack"], ensure_ascii=False, indent=1) if facts else "{}"
