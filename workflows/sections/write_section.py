"""Writing of one section to its length: cut where it is too long, continued once where it is too short."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from langgraph.types import StreamWriter

from workflows.errors import ModelBadOutput
from workflows.formats.capabilities import Extends
from workflows.formats.defaults import facts_section_of, language_of, length_tolerance_of, variant_for
from workflows.formats.pieces import Remark
from workflows.messages.messages import FactsGathered, NodeChanged, RetractReason, SafetyChecked
from workflows.models.clients.catalog import Model
from workflows.safety.check import keep_fit
from workflows.safety.policy import Policy
from workflows.safety.untrusted_content import report, strip_injections
from workflows.sections.node_context import NodeContext
from workflows.sections.section_writer import SectionWriter
from workflows.state import Facts, Section, SectionTask
from workflows.text.length import (
    Room,
    SectionLength,
    Trimmer,
    ask_for,
    falls_short,
    reply_ratio,
    room_for,
)
from workflows.text.repetition import distinct_words


@dataclass(frozen=True, slots=True)
class Written:
    """A finished section, and its by-products. `length` is None where no length is kept."""

    section: Section
    length: SectionLength | None
    facts: Facts | None


async def write_section(
    context: NodeContext,
    task: SectionTask,
    prose: AsyncGenerator[str | Facts | Remark],
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
    room = room_for(task["target_words"], length_tolerance_of(context.format))
    language = language_of(context.format, context.format.parse(task["input"]))
    writer = context.publish
    with SectionWriter(
        task["index"], writer, trimmer=Trimmer(room, language) if keeps_length else None
    ) as section:
        if instead_of is not None:
            section.retract(instead_of)
        facts = await _put(context, task, section, prose, writer)
        length = None
        if keeps_length:
            length = SectionLength(
                target_words=task["target_words"],
                asked_words=task["ask_words"],
                replied_words=section.words,
                corrections=["trimmed"] if section.is_full else [],
            )
            before = None
            # A replacement of a section is as long as its model makes it, within the limits.
            if instead_of in (None, "restart"):
                before = await _continue(context, task, section, room, length, model)
            await asyncio.to_thread(_demand_a_text, section.text, task, before)
        return Written(section.finish(), length, facts)


async def _continue(
    context: NodeContext,
    task: SectionTask,
    section: SectionWriter,
    room: Room,
    length: SectionLength,
    model: Model,
) -> str | None:
    """Continues a short text with one more call, if the format can, after the text so far."""
    missing = room.target - section.words
    format = variant_for(context.format, model)
    if section.words >= room.least or not section.words or not isinstance(format, Extends):
        return None
    # By this very reply: the model is where it is, whatever it did before.
    before = section.text
    more = format.extend(task, before, ask_for(missing, reply_ratio([length])), model)
    length["corrections"].append("continued")
    section.reopen()
    async with aclosing(more) as prose:
        async for chunk in prose:
            section.write(chunk)
            if section.is_full:
                length["corrections"].append("trimmed")
                break
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
    context: NodeContext,
    task: SectionTask,
    section: SectionWriter,
    prose: AsyncGenerator[str | Facts | Remark],
    writer: StreamWriter,
) -> Facts | None:
    facts: Facts | None = None
    # They come after the prose, so it is read to its end.
    brings_facts = facts_section_of(context.format) == task["index"]
    async with aclosing(prose) as stream:
        async for item in stream:
            if isinstance(item, Remark):
                writer(NodeChanged(node="generate_content", status="started", message=item.message))
                continue
            if not isinstance(item, str):
                facts = await _tell(item, context.policy(context.format.parse(task["input"])), writer)
                continue
            section.write(item)
            if section.is_full and not brings_facts:
                break
    return facts


async def _tell(facts: Facts, policy: Policy, writer: StreamWriter) -> Facts:
    """The facts without orders to a model, since they go into every later prompt, and without texts unfit for the
    readers, who see them."""
    facts, quotes = await asyncio.to_thread(strip_injections, facts)
    if quotes:
        writer(SafetyChecked.model_validate(report(quotes, policy.label)))
    fit, left_out = await asyncio.to_thread(keep_fit, policy, facts)
    if left_out:
        message = f"{left_out} of the facts were not fit for the readers and are left out."
        writer(NodeChanged(node="generate_content", status="started", message=message))
    writer(FactsGathered.model_validate(fit))
    return fit
