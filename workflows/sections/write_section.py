"""Writing of a section to its length: landed where it runs over, continued once where it falls short."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from langgraph.types import StreamWriter

from workflows.context import clip_note
from workflows.errors import ModelBadOutput
from workflows.formats.capabilities import Extends, Lands
from workflows.formats.defaults import facts_section_of, language_of, room_of, variant_for
from workflows.formats.pieces import Remark, SectionNotes
from workflows.formats.toolkit.source_places import renumber_sources
from workflows.messages.messages import FactsGathered, NodeChanged, RetractReason, SafetyChecked
from workflows.models.clients.catalog import Model
from workflows.safety.check import keep_fit
from workflows.safety.policies.policy import Policy
from workflows.safety.untrusted.untrusted_content import report, strip_injections, strip_orders
from workflows.sections.node_context import NodeContext
from workflows.sections.section_stream import open_stream
from workflows.sections.section_writer import SectionWriter
from workflows.state import Facts, Section, SectionTask
from workflows.text.metrics.repetition import distinct_words, goes_in_circles
from workflows.text.streams.continuation import continuation_room, continuation_words
from workflows.text.streams.landing import LandingBuffer, landing_room, landing_words, last_room
from workflows.text.streams.length import (
    Room,
    SectionLength,
    Trimmer,
    falls_short,
    reply_ratio,
)
from workflows.text.streams.normaliser import normalise

Prose = AsyncGenerator[str | Facts | Remark | SectionNotes]


@dataclass(slots=True)
class SectionExtras:
    """Facts and notes that came beside a section's text."""

    facts: Facts | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished section, and its by-products. `length` is None where no length is kept."""

    section: Section
    length: SectionLength | None
    facts: Facts | None
    notes: str


async def write_section(
    context: NodeContext,
    task: SectionTask,
    prose: Prose,
    model: Model,
    *,
    instead_of: RetractReason | None = None,
    at_length: bool = True,
) -> Written:
    """The task's section, written from `prose`; with `instead_of`, the earlier text is retracted first.

    The model's stream is closed as soon as the section is full, which stops the spending too. The embedded
    model's sections are what they are; so is one that isn't to be `at_length`.
    """
    keeps_length = at_length and model.tier != "embedded" and context.run.keep_length
    room = room_of(context.format, task["target_words"])
    limit = _limit(context, task, model, room) if keeps_length else None
    extras = SectionExtras()
    async with open_stream(context, task, model) as stream:
        with SectionWriter(task["index"], stream.publish, limit=limit) as section:
            if instead_of is not None:
                section.retract(instead_of)
            await _put(context, task, section, prose, extras)
            length = None
            if keeps_length:
                length = SectionLength(
                    target_words=task["target_words"],
                    asked_words=task["ask_words"],
                    replied_words=limit.replied if isinstance(limit, LandingBuffer) else section.words,
                    corrections=[],
                )
                # The sections after a text that replaces one are written: they can't make up for it.
                replaces = instead_of not in (None, "restart")
                before = await _correct(context, task, section, room, length, model, extras, replaces)
                await asyncio.to_thread(_demand_a_text, section.text, task, before)
            finished = await stream.finish(section.finish())
            return Written(finished, length, extras.facts, await _clear(context, task, extras.notes))


def _limit(context: NodeContext, task: SectionTask, model: Model, room: Room) -> LandingBuffer | Trimmer:
    """A section is landed by a format that can end one; of others it is cut."""
    language = language_of(context.format, context.format.parse(task["input"]))
    lands = isinstance(variant_for(context.format, model), Lands | Extends)
    return LandingBuffer(room, language) if lands else Trimmer(room, language)


async def _correct(
    context: NodeContext,
    task: SectionTask,
    section: SectionWriter,
    room: Room,
    length: SectionLength,
    model: Model,
    extras: SectionExtras,
    replaces: bool,
) -> str | None:
    """One more call where the text is short, and one where what came ran over; then the text that was continued."""
    format, words = variant_for(context.format, model), section.words
    language = language_of(context.format, context.format.parse(task["input"]))
    before = None
    if 0 < words < room.least and not section.is_full and isinstance(format, Extends):
        before = section.text
        # By this very reply: the model is where it is, whatever it did before.
        requested = continuation_words(room, words, reply_ratio([length]), within=replaces)
        left = continuation_room(room, words, requested, within=replaces)
        more = format.extend(task, before, requested, model)
        section.go_on(LandingBuffer(left, language, beside=room.most - room.target))
        length["corrections"].append("continued")
        await _put(context, task, section, more, extras)
    if section.is_full and isinstance(format, Lands | Extends):
        text, words = section.text, section.words
        if await asyncio.to_thread(goes_in_circles, text):  # nothing in it could be brought home
            raise ModelBadOutput(f"The model says the same again and again in section {task['index'] + 1}.")
        requested = landing_words(room, words)
        how = format.land if isinstance(format, Lands) else format.extend
        section.go_on(Trimmer(last_room(landing_room(room, words), requested), language))
        length["corrections"].append("landed")
        await _put(context, task, section, how(task, text, requested, model), extras)
        if section.words <= words:
            raise ModelBadOutput(f"The model didn't bring section {task['index'] + 1} to its end.")
    if section.is_full:
        length["corrections"].append("trimmed")
    return before


def _demand_a_text(text: str, task: SectionTask, before: str | None) -> None:
    """Raises ModelBadOutput for a near-empty reply, such as a polite refusal; it stays shown until the run is
    resumed."""
    planned = {section["index"]: section["target_words"] for section in task["outline"]["sections"]}
    # Sections make up for those before them: that a model writes less and less must not raise what is demanded.
    target = min(task["target_words"], planned.get(task["index"], task["target_words"]))
    if falls_short(text, target, before):
        raise ModelBadOutput(
            f"The model wrote too little for section {task['index'] + 1}: {distinct_words(text)} of about {target} "
            "words, what it said twice counted once."
        )


async def _put(
    context: NodeContext, task: SectionTask, section: SectionWriter, prose: Prose, extras: SectionExtras
) -> None:
    """Writes the text of `prose` on the section, until that is full, and keeps what came beside it."""
    writer = context.publish
    async with aclosing(prose) as stream:
        async for item in stream:
            if isinstance(item, Remark):
                writer(NodeChanged(node="generate_content", status="started", message=item.message))
            elif isinstance(item, SectionNotes):
                extras.notes = item.text
            elif not isinstance(item, str):
                policy = context.policy(context.format.parse(task["input"]))
                extras.facts = await _publish_facts(item, policy, writer)
            else:
                section.write(item)
            # Facts that are still to come are worth the rest of the reply.
            awaits_facts = facts_section_of(context.format) == task["index"] and extras.facts is None
            if section.is_full and not awaits_facts:
                break


async def _publish_facts(facts: Facts, policy: Policy, writer: StreamWriter) -> Facts:
    """The facts without orders to a model, since they go into every later prompt, and without texts unfit for the
    readers, who see them."""
    named = facts["sources"]
    facts, quotes = await asyncio.to_thread(strip_injections, facts)
    if quotes:
        writer(SafetyChecked.model_validate(report(quotes, policy.label)))
    fit, left_out = await asyncio.to_thread(keep_fit, policy, facts)
    if len(fit["sources"]) < len(named):  # the facts name the places that those had who stay
        renumber_sources(fit["canonical_pack"], named, fit["sources"])
    if left_out:
        message = f"{left_out} of the facts were not fit for the readers and are left out."
        writer(NodeChanged(node="generate_content", status="started", message=message))
    writer(FactsGathered.model_validate(fit))
    return fit


async def _clear(context: NodeContext, task: SectionTask, notes: str) -> str:
    """A model's notes on its section as later prompts may have them: short, fit for the readers, without orders."""
    if not notes or not task.get("wants_notes"):
        return ""
    policy = context.policy(context.format.parse(task["input"]))
    fit, quotes = await asyncio.to_thread(_fit_notes, notes, policy)
    if quotes:
        context.publish(SafetyChecked.model_validate(report(quotes, policy.label)))
    return fit


def _fit_notes(notes: str, policy: Policy) -> tuple[str, list[str]]:
    cleared, quotes = strip_orders(clip_note(normalise(notes), policy.language))
    lines, _ = keep_fit(policy, cleared.splitlines())
    return "\n".join(line.strip() for line in lines if line.strip()), quotes
