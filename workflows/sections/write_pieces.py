"""Writing of pieces, such as an episode's short forms, in one stream of the model."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing
from typing import Any

from langgraph.types import StreamWriter

from workflows.errors import ModelBadOutput
from workflows.formats.capabilities import LandsPieces, MakesPieces
from workflows.formats.defaults import language_of, room_of
from workflows.formats.pieces import PieceText
from workflows.messages.messages import NodeChanged, SafetyChecked
from workflows.models.clients.catalog import Model
from workflows.safety.check import check_sections
from workflows.safety.policies.policy import Policy
from workflows.sections.node_context import NodeContext
from workflows.sections.section_writer import SectionWriter
from workflows.state import OpenPiece, Piece, PlannedPiece, Section, State
from workflows.text.streams.landing import LandingBuffer, landing_room, landing_words, last_room
from workflows.text.streams.length import Trimmer
from workflows.text.streams.normaliser import normalise_all
from workflows.verdicts import Verdict


async def write_pieces(context: NodeContext, inputs: Any, state: State, model: Model) -> dict[str, Any]:
    """The format's pieces, streamed while they are written; those unfit for the readers are retracted.

    Raises ModelBadOutput when a planned piece is missing. A failure leaves no trace in the state.
    """
    format = context.format
    if not isinstance(format, MakesPieces):
        return {}
    planned = normalise_all(format.plan_pieces(inputs, state))  # titles are shown
    if not planned:
        return {}
    with ExitStack() as stack:
        pages = {piece["name"]: stack.enter_context(_page(context, inputs, piece)) for piece in planned}
        written = await _write(format.write_pieces(inputs, state, planned, model), pages)
        await _land(context, inputs, state, planned, pages, model)
        texts = {name: page.finish()["text"] for name, page in pages.items() if name in written}
    if missing := [piece["name"] for piece in planned if piece["name"] not in texts]:
        raise ModelBadOutput(f"The model left out {', '.join(missing)}.")
    verdicts = await _judge(context, context.policy(inputs), planned, texts)
    pieces = {
        piece["name"]: Piece(**piece, text=texts[piece["name"]])
        for piece in planned
        if verdicts[piece["name"]]["approved"]
    }
    return {"pieces": pieces}


def _page(context: NodeContext, inputs: Any, piece: PlannedPiece) -> SectionWriter:
    """The writer of a piece. One that can be landed is held to its length."""
    lands = isinstance(context.format, LandsPieces) and context.run.keep_length
    room = room_of(context.format, piece["target_words"])
    limit = LandingBuffer(room, language_of(context.format, inputs)) if lands else None
    return SectionWriter(0, context.publish, piece=piece["name"], limit=limit)


async def _write(stream: AsyncGenerator[PieceText], pages: Mapping[str, SectionWriter]) -> list[str]:
    """The names of the pieces that came."""
    done: list[str] = []
    async with aclosing(stream) as pieces:
        async for item in pieces:
            if item.name not in pages or item.name in done[:-1]:
                raise ModelBadOutput(f"The model wrote the piece {item.name[:20]} out of turn.")
            if item.name not in done:
                done.append(item.name)
            pages[item.name].write(item.text)
    return done


async def _land(
    context: NodeContext,
    inputs: Any,
    state: State,
    planned: list[PlannedPiece],
    pages: Mapping[str, SectionWriter],
    model: Model,
) -> None:
    """One call more for all pieces that ran over or are short. A piece that it leaves out stays as it is."""
    format = context.format
    if not (isinstance(format, LandsPieces) and context.run.keep_length):
        return
    limits: dict[str, Trimmer] = {}
    waiting: list[OpenPiece] = []
    for piece in planned:
        page, room = pages[piece["name"]], room_of(format, piece["target_words"])
        words = page.words
        if not page.is_full and (not words or words >= room.least):
            continue
        requested = landing_words(room, words) if page.is_full else max(1, room.target - words)
        waiting.append(OpenPiece(**piece, text=page.text, words=requested))
        left = last_room(landing_room(room, words), requested)
        limits[piece["name"]] = Trimmer(left, language_of(format, inputs))
    if not waiting:
        return
    begun: set[str] = set()
    async with aclosing(format.land_pieces(inputs, state, waiting, model)) as pieces:
        async for item in pieces:
            if item.name in limits and item.text.strip() and item.name not in begun:
                begun.add(item.name)
                pages[item.name].go_on(limits[item.name])
            if item.name in begun:
                pages[item.name].write(item.text)


async def _judge(
    context: NodeContext, policy: Policy, planned: list[PlannedPiece], texts: dict[str, str]
) -> dict[str, Verdict]:
    """Verdicts by piece: by the rules for each, then in one check of all that passed; published to readers."""
    names = [piece["name"] for piece in planned]
    sections = {i: Section(index=i, text=texts[name]) for i, name in enumerate(names)}
    verdicts = await asyncio.to_thread(
        lambda: {i: check_sections(policy, {i: section}, "section") for i, section in sections.items()}
    )
    fit = {i: section for i, section in sections.items() if verdicts[i]["approved"]}
    pipeline = await context.open_pipeline()
    whole = await pipeline.check(policy, fit, "section")
    for index in fit:
        verdicts[index] = _narrow(whole, verdicts[index], index)
    for index, name in enumerate(names):
        verdicts[index]["piece"] = name
        verdicts[index]["policy"] = policy.label
        _publish_verdict(policy, verdicts[index], name, context.publish)
    return {name: verdicts[index] for index, name in enumerate(names)}


def _narrow(whole: Verdict, own: Verdict, index: int) -> Verdict:
    """The part of the verdict on all pieces that concerns one: its own notes, and the issues that stop it."""
    stops = [
        issue for issue in whole["issues"] if issue.get("section") == index and issue not in own["issues"]
    ]
    return Verdict(
        stage="section",
        approved=not stops,
        score=min(own["score"], whole["score"]) if stops else own["score"],
        issues=own["issues"] + stops,
        layers=whole["layers"],
    )


def _publish_verdict(policy: Policy, verdict: Verdict, name: str, writer: StreamWriter) -> None:
    for issue in verdict["issues"]:
        issue.pop("section", None)  # it is the number of the piece here
    if policy.gate == "section" or not verdict["approved"]:
        writer(SafetyChecked.model_validate(verdict))
    if not verdict["approved"]:
        SectionWriter(0, writer, piece=name).retract("safety")
        message = f"{name} was not fit for its readers, so it is left out."
        writer(NodeChanged(node="derive", status="started", message=message))
