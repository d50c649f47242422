"""Nodes that plan the text, and let a person review the plan."""

import asyncio
from collections.abc import Mapping
from typing import Any

from langgraph.types import Overwrite, interrupt

from workflows.errors import SafetyRejected
from workflows.formats.defaults import language_of, text_to_screen, variant_for
from workflows.messages.messages import PlannedSection, SafetyChecked
from workflows.safety.check import check_input, find_issues, texts_in
from workflows.safety.policies.policy import Policy
from workflows.safety.untrusted.untrusted_content import report, strip_injections
from workflows.sections.node_context import NodeContext
from workflows.state import Outline, State
from workflows.text.streams.normaliser import normalise_all
from workflows.verdicts import Verdict

_TRIES = 3
# A thread in LangGraph Studio may be used for one text after another: the one before is forgotten, with the verdict
# on it. What it cost is forgotten by `with_usage`.
_NOTHING_WRITTEN: dict[str, Any] = {
    **{name: Overwrite({}) for name in ("sections", "lengths", "section_notes", "judged", "faults")},
    "facts": {},
    "research": None,
    "pieces": {},
    "results": {},
    "metadata": {},
    "rewrites": 0,
    "findings": [],
    "reviewed": {},
    "revising": [],
    "revisions": 0,
    "rewritten": Overwrite([]),
    "rewritten_in_order": Overwrite([]),
    "revised_in_order": Overwrite([]),
    "inherited": [],
    "wishes": [],
}


async def outline(context: NodeContext, state: State) -> dict[str, Any]:
    """Makes the format's plan. Readers see it, so it is checked as the text is.

    What is asked for is checked first, before any model is called. Raises InvalidInput when the input
    isn't what the format takes, SafetyRejected when it isn't fit for its readers or no plan is.
    """
    inputs = await context.inputs(state["input"])
    policy = context.policy(inputs)
    fit = await _screen(context, policy, text_to_screen(context.format, inputs), "input")
    model = await context.open_model("outline")
    for _ in range(_TRIES):
        plan = await variant_for(context.format, model).plan(inputs, model)
        # Cleaned as text is: titles are shown, and notes come back in results and metrics.
        outline, notes = await asyncio.to_thread(normalise_all, (plan.outline, plan.notes))
        outline, quotes = await asyncio.to_thread(_without_orders, outline, state["input"])
        issues = await asyncio.to_thread(find_issues, policy, [outline, notes])
        if not issues:
            if quotes:
                context.publish(SafetyChecked.model_validate(report(quotes, policy.label)))
            language = language_of(context.format, inputs)
            planned = {"language": language, "outline": outline, "notes": notes}
            return {**planned, "safety": fit, **_NOTHING_WRITTEN}
    verdict = Verdict(stage="input", approved=False, score=0.0, issues=issues, policy=policy.label)
    context.publish(SafetyChecked.model_validate(verdict))
    raise SafetyRejected("No plan could be made that is fit for these readers. Try another theme.")


def _without_orders(outline: Outline, inputs: Mapping[str, Any]) -> tuple[Outline, list[str]]:
    """The plan, which every later prompt has, without sentences that speak to a model. A title of which nothing is
    left is a number; what the input itself says was checked with it."""
    known, quotes = set(texts_in(inputs)), list[str]()

    def clear(text: str, otherwise: str = "") -> str:
        cleared, found = strip_injections(text) if text not in known else (text, [])
        quotes.extend(found)
        return cleared or otherwise if found else text

    sections = [
        PlannedSection(
            **{**one, "title": clear(one["title"], f"{one['index'] + 1}"), "summary": clear(one["summary"])}
        )
        for one in outline["sections"]
    ]
    return Outline(title=clear(outline["title"], "1"), sections=sections), quotes


async def review_outline(context: NodeContext, state: State) -> dict[str, Any]:
    """Waits for a person to edit the plan, if the run's options require it; else continues at once.

    A node of its own: LangGraph runs the interrupted node again from its start when the answer
    comes, and a plan must not be bought twice.
    """
    if not context.run.review_outline:
        return {}
    edited: Outline = normalise_all(interrupt({"kind": "outline", "payload": state["outline"]}))
    await _screen(context, context.policy(context.format.parse(state["input"])), edited, "outline")
    return {"outline": edited}


async def _screen(context: NodeContext, policy: Policy, request: Mapping[str, Any], root: str) -> Verdict:
    """The verdict on the input. Raises SafetyRejected."""
    verdict = await asyncio.to_thread(check_input, policy, request, root)
    verdict["policy"] = policy.label
    verdict["layers"] = ["rules"]
    context.publish(SafetyChecked.model_validate(verdict))
    if not verdict["approved"]:
        raise SafetyRejected(f"This can't be written for these readers. {verdict['issues'][0]['advice']}")
    return verdict
