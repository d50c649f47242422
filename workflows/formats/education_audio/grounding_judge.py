"""A judge that has the document decides, sentence by sentence, what is borne out, contradicted or added."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows.errors import ModelBadOutput
from workflows.models.calls.calls import ask
from workflows.models.clients.catalog import Model
from workflows.prompts import Prompts
from workflows.text.grounding.quotations import is_quoted
from workflows.text.streams.normaliser import normalise
from workflows.text.words import fold_words

_PROMPTS = Prompts(Path(__file__).parent / "prompts" / "standard")
_AT_ONCE = 60
"""Sentences in one call: with more, judges begin to skip."""
_REASON_LETTERS = 300
_EVIDENCE_LETTERS = 1000
_DEFAULT_REASONS = {
    "contradicted": "the document says otherwise",
    "added_treatment": "the document doesn't say this",
    "added": "the document doesn't say this",
}
_ORDER = (None, "added", "added_treatment", "contradicted")

FaultKind = Literal["contradicted", "added_treatment", "added"]


class SentenceVerdict(BaseModel):
    """The verdict on one sentence. `otherwise` counts where it isn't borne out."""

    number: int = Field(json_schema_extra={"minimum": 1})
    """From 1. Another one is left out, and doesn't spoil the whole answer."""
    evidence: str
    borne_out: bool
    otherwise: Literal["none", "contradicted", "added_treatment", "added"]
    reason: str


class GroundingVerdicts(BaseModel):
    """The judge's answer. Nothing has a default: what isn't said is no approval."""

    verdicts: list[SentenceVerdict]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Answer of the judge for one sentence: the fault (None: none), its reason, and
    whether the judge showed words of the document for it (`is_evident`), its `evidence`."""

    kind: FaultKind | None
    reason: str
    is_evident: bool
    evidence: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the state."""
        return asdict(self)


async def judge_claims(
    judge: Model, title: str, parts: Sequence[str], sentences: Sequence[str]
) -> list[Judgement | None]:
    """A judgement a sentence, None where the judge gave none even when it was asked again.

    What one of the document's `parts` doesn't bear out, another may: each is asked about what the ones before it call
    added. Raises a ModelError when the judge can't be reached.
    """
    found: list[Judgement | None] = [None] * len(sentences)
    left = list(range(len(sentences)))
    for part in parts:
        for start in range(0, len(left), _AT_ONCE):
            places = left[start : start + _AT_ONCE]
            for place, judgement in zip(
                places, await _judge_all(judge, title, part, [sentences[at] for at in places]), strict=True
            ):
                found[place] = judgement or found[place]
        left = [place for place in left if _may_stand_elsewhere(found[place])]
        if not left:
            break
    return found


def _may_stand_elsewhere(judgement: Judgement | None) -> bool:
    return judgement is None or (judgement.kind or "").startswith("added")


async def _judge_all(
    judge: Model, title: str, document: str, sentences: Sequence[str]
) -> list[Judgement | None]:
    """One call, and one more for the sentences that it left out."""
    found = await _judge_once(judge, title, document, sentences)
    missing = [place for place, judgement in enumerate(found) if judgement is None]
    if missing:
        again = await _judge_once(judge, title, document, [sentences[place] for place in missing])
        for place, judgement in zip(missing, again, strict=True):
            found[place] = judgement
    return found


async def _judge_once(
    judge: Model, title: str, document: str, sentences: Sequence[str]
) -> list[Judgement | None]:
    messages = _PROMPTS.messages("grounding", title=title, document=document, sentences=list(sentences))
    found: list[Judgement | None] = [None] * len(sentences)
    try:
        answer = await ask(judge, GroundingVerdicts, messages)
    except ModelBadOutput:
        # Prose, nothing, a refusal: the text is paid for, so words decide, and that is said.
        return found
    words = fold_words(document)
    if any(verdict.number == 0 for verdict in answer.verdicts):  # it counts from another sentence than we do
        return found
    for verdict in answer.verdicts:
        place = verdict.number - 1
        if 0 <= place < len(sentences):  # it may answer for sentences that aren't there
            found[place] = _worse(found[place], read_verdict(verdict, words))
    return found


def read_verdict(verdict: SentenceVerdict, document: str) -> Judgement:
    """The judgement that a verdict is; the document as `fold_words` has it."""
    if verdict.borne_out and verdict.otherwise == "none":  # a verdict against itself is no approval
        evidence = verdict.evidence[:_EVIDENCE_LETTERS]
        return Judgement(None, "", is_quoted(evidence, document), evidence)
    kind: FaultKind = "added" if verdict.otherwise == "none" else verdict.otherwise
    reason = " ".join(normalise(verdict.reason).split())[:_REASON_LETTERS] or _DEFAULT_REASONS[kind]
    return Judgement(kind, reason.rstrip("."), is_evident=False)


def _worse(known: Judgement | None, new: Judgement) -> Judgement:
    """Of two verdicts on one sentence, the one that finds more wrong."""
    if known is None or _ORDER.index(new.kind) > _ORDER.index(known.kind):
        return new
    return known
