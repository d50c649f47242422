"""Node that calculates the metrics of the finished text."""

import asyncio
from typing import Any

from workflows.faults import rewrites_in_order
from workflows.formats.defaults import language_of
from workflows.formats.notices import notices_of
from workflows.messages.messages import PlannedSection
from workflows.sections.node_context import NodeContext
from workflows.state import State, text_of
from workflows.text.metrics.repetition import repetition
from workflows.text.streams.normaliser import normalise_all
from workflows.text.words import count_words


async def calculate_metrics(context: NodeContext, state: State) -> dict[str, Any]:
    """Calculates the metrics, off the event loop: a long text takes longer than other readers should wait."""
    inputs = await context.inputs(state["input"])
    metrics = await asyncio.to_thread(context.format.metrics, inputs, state)
    shared = await asyncio.to_thread(shared_metrics, state)
    notices = notices_of(
        state.get("findings", []), metrics.get("notices", ()), language_of(context.format, inputs)
    )
    metadata = {
        **shared, **metrics, **_compliance(metrics, state), **_gate(state), "safety": _safety(state), "notices": notices
    }  # fmt: skip
    return {"metadata": normalise_all(metadata)}  # some of it is quoted from the input, or was a model's


def shared_metrics(state: State) -> dict[str, Any]:
    """Metrics of all formats: the text's repetition, and each section's length."""
    return {
        "repetition": round(repetition(text_of(state["sections"])), 4),
        "lengths": [_length(state, planned) for planned in state["outline"]["sections"]],
    }


def _length(state: State, planned: PlannedSection) -> dict[str, Any]:
    """`planned_words` by the outline, `target_words` as planned anew, `deviation` from that as a share."""
    index, words = planned["index"], count_words(state["sections"][planned["index"]]["text"])
    kept = state.get("lengths", {}).get(index)
    target = kept["target_words"] if kept else planned["target_words"]
    return {
        "index": index,
        "planned_words": planned["target_words"],
        "target_words": target,
        "asked_words": kept["asked_words"] if kept else planned["target_words"],
        "words": words,
        "deviation": round(words / target - 1, 4),
        "corrections": kept["corrections"] if kept else [],
    }


def _compliance(metrics: dict[str, Any], state: State) -> dict[str, Any]:
    """The findings of the last review, with the compliance in the format's own metrics."""
    findings = state.get("findings", [])
    # One before the next section began is the one that a section may have.
    revisions = state.get("revisions", 0) + bool(state.get("revised_in_order"))
    if not (findings or revisions or "compliance" in metrics):
        return {}
    compliance = {"passed": not findings, "findings": findings, "revisions": revisions}
    return {"compliance": {**compliance, **metrics.get("compliance", {})}}


def _gate(state: State) -> dict[str, Any]:
    """How long moderation held sentences of the sections as they stand; the gate adds what it measured itself."""
    found = [each["moderation"] for each in state["sections"].values() if "moderation" in each]
    if not found:
        return {}
    held = sum(each["held_ms_sum"] for each in found)
    sentences, unanswered = (sum(each[name] for each in found) for name in ("sentences", "unanswered"))
    moderation = {
        "sentences": sentences,
        "unanswered": unanswered,
        "held_ms_max": max(each["held_ms_max"] for each in found),
        "held_ms_mean": round(held / max(1, sentences + unanswered), 1),
    }
    return {"gate": {"moderation": moderation}}


def _safety(state: State) -> dict[str, Any]:
    """The final verdict in short: the policy, the layers that ran, the judge's scores where one ran."""
    verdict = state["safety"]
    verdict_metrics: dict[str, Any] = {
        "approved": verdict["approved"],
        "policy": verdict.get("policy", ""),
        "layers": verdict.get("layers", []),
        "score": verdict["score"],
        "rewrites": state["rewrites"] + rewrites_in_order(state),
    }
    return {**verdict_metrics, "scores": verdict["scores"]} if "scores" in verdict else verdict_metrics
