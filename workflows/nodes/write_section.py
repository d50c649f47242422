"""A section on its page, kept to its length: cut where it runs over, continued once where it falls short."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from langgraph.runtime import Runtime
from langgraph.types import StreamWriter

from workflows.formats.base import Remark
from workflows.models.catalog import Model
from workflows.nodes.dependencies import Dependencies
from workflows.page import Findings, Judgement, Notice, Page, RetractReason
from workflows.safety.brought import report, without_orders
from workflows.safety.check import keep_fit
from workflows.safety.policy import Policy
from workflows.state import Facts, RunContext, Section, SectionTask
from workflows.text.length import Room, SectionLength, Trimmer, ask_for, reply_ratio, room_for


@dataclass(frozen=True, slots=True)
class Written:
    """A finished section, and what else came with it. `length` is None where no length is kept."""

    section: Section
    length: SectionLength | None
    facts: Facts | None


async def write_section(
    deps: Dependencies,
    task: SectionTask,
    prose: AsyncGenerator[str | Facts | Remark],
    model: Model,
    runtime: Runtime[RunContext],
    *,
    instead_of: RetractReason | None = None,
    at_length: bool = True,
) -> Written:
    """`prose` on the page of the task's section; with `instead_of`, what was there is taken back first.

    The model's stream is closed as soon as the page is full, which stops the spending too. The embedded
    model's sections are what they are; so is one that isn't to be `at_length`.
    """
    context = runtime.context
    keeps_length = at_length and model.tier != "embedded" and (context is None or context.keep_length)
    room = room_for(task["target_words"], deps.format.length_tolerance)
    language = deps.format.language(deps.format.parse(task["input"]))
    writer = runtime.stream_writer
    with Page(task["index"], writer, trimmer=Trimmer(room, language) if keeps_length else None) as page:
        if instead_of is not None:
            page.retract(instead_of)
        facts = await _put(deps, task, page, prose, writer)
        length = None
        if keeps_length:
            length = SectionLength(
                target_words=task["target_words"],
                asked_words=task["ask_words"],
                replied_words=page.words,
                corrections=["trimmed"] if page.is_full else [],
            )
            if instead_of is None:  # what replaces a section is as long as its model makes it, up to the room
                await _continue(deps, task, page, room, length, model)
        return Written(page.finish(), length, facts)


async def _continue(
    deps: Dependencies, task: SectionTask, page: Page, room: Room, length: SectionLength, model: Model
) -> None:
    """One more call where the text is short and the format can go on with it."""
    missing = room.target - page.words
    if page.words >= room.least or not page.words:
        return
    # By this very reply: the model is where it is, whatever it did before.
    more = deps.format.extend(task, page.text, ask_for(missing, reply_ratio([length])), model)
    if more is None:
        return
    length["corrections"].append("continued")
    page.reopen()
    async with aclosing(more) as prose:
        async for chunk in prose:
            page.write(chunk)
            if page.is_full:
                length["corrections"].append("trimmed")
                return


async def _put(
    deps: Dependencies,
    task: SectionTask,
    page: Page,
    prose: AsyncGenerator[str | Facts | Remark],
    writer: StreamWriter,
) -> Facts | None:
    facts: Facts | None = None
    brings_facts = deps.format.facts_section == task["index"]  # after the prose, so it is read to its end
    async with aclosing(prose) as stream:
        async for item in stream:
            if isinstance(item, Remark):
                writer(Notice(kind="notice", node="generate_content", message=item.message))
                continue
            if not isinstance(item, str):
                facts = _tell(item, deps.policy(deps.format.parse(task["input"])), writer)
                continue
            page.write(item)
            if page.is_full and not brings_facts:
                break
    return facts


def _tell(facts: Facts, policy: Policy, writer: StreamWriter) -> Facts:
    """The facts without orders to a model, for they go into every later prompt, and without what isn't fit for
    the readers, who are shown them."""
    facts, quotes = without_orders(facts)
    if quotes:
        writer(Judgement(kind="judgement", verdict=report(quotes, policy.label)))
    fit, left_out = keep_fit(policy, facts)
    if left_out:
        message = f"{left_out} of the facts were not fit for the readers and are left out."
        writer(Notice(kind="notice", node="generate_content", message=message))
    writer(Findings(kind="facts", facts=fit))
    return fit
