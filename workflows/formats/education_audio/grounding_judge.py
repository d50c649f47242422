"""A judge that has the document decides, sentence by sentence, what is borne out, contradicted or added."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from workflows.errors import ModelTruncated
from workflows.models.calls.calls import ask
from workflows.models.calls.unanswered import AWAY, REPLY_FAILED, log_nothing_judged, log_unanswered
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


@dataclass(slots=True)
class GroundingJudge:
    """A model that holds sentences against the document called `title`.

    Replies that are no answer leave their sentences without a judgement. So does a judge that can't be reached, if
    `may_be_away`: from then on it `is_away`, and isn't asked any more. Otherwise that is a ModelError.
    """

    model: Model
    title: str
    may_be_away: bool = False
    is_away: bool = False

    async def judge(self, parts: Sequence[str], sentences: Sequence[str]) -> list[Judgement | None]:
        """A judgement a sentence, None where the judge gave none even when it was asked again.

        What one of the document's `parts` doesn't bear out, another may: each is asked about what the ones before it
        call added.
        """
        found: list[Judgement | None] = [None] * len(sentences)
        left = list(range(len(sentences)))
        for part in parts:
            for start in range(0, len(left), _AT_ONCE):
                await self._judge_batch(part, sentences, left[start : start + _AT_ONCE], found)
            left = [place for place in left if _may_stand_elsewhere(found[place])]
        return found

    async def _judge_batch(
        self, part: str, sentences: Sequence[str], places: list[int], found: list[Judgement | None]
    ) -> None:
        """One call, and more for the sentences that it left out: where the answer was too long, two of half of it."""
        was_cut = await self._judge_once(part, sentences, places, found)
        missing = was_cut if was_cut is not None else [place for place in places if found[place] is None]
        half = len(missing) if was_cut is None else max(1, -(-len(missing) // 2))
        for start in range(0, len(missing), half or 1):
            await self._judge_once(part, sentences, missing[start : start + half], found)

    async def _judge_once(
        self, part: str, sentences: Sequence[str], places: list[int], found: list[Judgement | None]
    ) -> list[int] | None:
        """Takes what the judge answers on some `places` into `found`. The places, where its answer was cut."""
        if self.is_away or not places:
            return None
        asked = [sentences[place] for place in places]
        messages = _PROMPTS.messages("grounding", title=self.title, document=part, sentences=asked)
        try:
            answer = await ask(self.model, GroundingVerdicts, messages)
        except REPLY_FAILED as error:  # the text is paid for, so words decide, and that is said
            log_unanswered("grounding", error)
            return places if isinstance(error, ModelTruncated) else None
        except AWAY as error:
            if not self.may_be_away:
                raise
            log_unanswered("grounding", error)
            self.is_away = True
            return None
        judged = _read_answer(answer, len(places), part)
        if not judged:
            log_nothing_judged("grounding")
        for place, judgement in judged.items():
            found[places[place]] = judgement
        return None


def _may_stand_elsewhere(judgement: Judgement | None) -> bool:
    return judgement is None or (judgement.kind or "").startswith("added")


def _read_answer(answer: GroundingVerdicts, asked: int, document: str) -> dict[int, Judgement]:
    """The judgements by the place of the sentence, of the `asked` ones."""
    if any(verdict.number == 0 for verdict in answer.verdicts):  # it counts from another sentence than we do
        return {}
    words = fold_words(document)
    found: dict[int, Judgement] = {}
    for verdict in answer.verdicts:
        place = verdict.number - 1
        if 0 <= place < asked:  # it may answer for sentences that aren't there
            found[place] = _worse(found.get(place), read_verdict(verdict, words))
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
