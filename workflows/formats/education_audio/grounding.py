"""A lesson's sentences held against its document: by a judge that has it, and by words."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from workflows.formats.education_audio.grounding_judge import GroundingJudge, Judgement
from workflows.formats.education_audio.input import LessonInput
from workflows.formats.education_audio.planning import part_at, window_of
from workflows.formats.speech.turns import Turn
from workflows.models.clients.catalog import Model
from workflows.state import State
from workflows.text.grounding.grounding import Evidence
from workflows.text.grounding.quotations import Quotations
from workflows.text.language import guess_language
from workflows.text.parts import list_passages
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

Method = Literal["judge", "judge_and_words", "words"]
"""Who compared: a judge every sentence; a judge most, words the rest; words alone."""
_ABSENT = ("the document doesn't say ", "the document doesn't name ")
UNSAFE_KINDS = frozenset({"number", "opposite", "name", "contradicted", "added_treatment"})
"""With one of these left in it, a lesson isn't called safe."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence that the document doesn't bear out. `kind`: those of `text.grounding` and of the judge."""

    section: int
    sentence: str
    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class LessonGrounding:
    """Result of the comparison with the document: the number of claims, those without support, who compared; and the
    judge's answers by section
    (JSON), so that a section that stays as it is isn't judged again."""

    checked: int
    faults: tuple[Fault, ...]
    method: Method
    answers: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """What is kept in the state."""
        faults = [
            {"section": one.section, "sentence": one.sentence, "reason": one.reason, "kind": one.kind}
            for one in self.faults
        ]
        return {
            "checked": self.checked, "faults": faults, "method": self.method, "answers": dict(self.answers)
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "LessonGrounding":
        """The inverse of `as_json`."""
        faults = tuple(Fault(**fault) for fault in kept["faults"])
        return cls(kept["checked"], faults, kept["method"], kept["answers"])


def sentences_of(turns: Iterable[Turn], language: str) -> list[str]:
    """What is spoken, sentence by sentence."""
    return [
        sentence.strip()
        for turn in turns
        for sentence in split_sentences(turn.spoken, language)
        if sentence.strip()
    ]


def ground_by_words(inputs: LessonInput, said: Mapping[int, Sequence[str]], language: str) -> LessonGrounding:
    """Every sentence looked up in the document by its words. `said`: the sentences of each section."""
    checked, faults = _compare(inputs, language, said, {})
    return LessonGrounding(checked, faults, "words", {})


async def ground_by_judge(
    inputs: LessonInput,
    state: State,
    said: Mapping[int, Sequence[str]],
    language: str,
    judge: Model,
    *,
    may_be_away: bool,
) -> LessonGrounding:
    """The same with a judge. What it has answered on sections that are as they were is taken from an earlier review,
    and kept for a later one. One that can't be reached is a ModelError unless it `may_be_away`: then words decide.

    Words count beside it: a number or a medicine that the document doesn't have stays one, whatever a judge says, and
    what it calls borne out must have words of the document to show for it, on the same thing.
    """
    answers = dict(state.get("reviewed", {}).get("grounding", {}).get("answers", {}))
    digests = {index: _digest(sentences) for index, sentences in said.items()}
    changed = [index for index in sorted(said) if answers.get(str(index), {}).get("digest") != digests[index]]
    judged = await _judge(inputs, state, {index: said[index] for index in changed}, judge, may_be_away)
    for index in changed:
        verdicts = [one.as_json() if one else None for one in judged[index]]
        answers[str(index)] = {"digest": digests[index], "verdicts": verdicts}
    judgements = {
        index: [one and Judgement(**one) for one in answers[str(index)]["verdicts"]] for index in said
    }
    checked, faults = await asyncio.to_thread(_compare, inputs, language, said, judgements)
    return LessonGrounding(checked, faults, _method_of(judgements), answers)


def _method_of(judgements: Mapping[int, Sequence[Judgement | None]]) -> Method:
    answered = [one is not None for verdicts in judgements.values() for one in verdicts]
    if all(answered):
        return "judge"
    return "judge_and_words" if any(answered) else "words"


async def _judge(
    inputs: LessonInput, state: State, said: Mapping[int, Sequence[str]], model: Model, may_be_away: bool
) -> dict[int, list[Judgement | None]]:
    """By section, a judgement a sentence. A document over the judge's window is gone through part by part, the
    section's own first."""
    assert inputs.document is not None
    judge = GroundingJudge(model, inputs.document.title, may_be_away)
    text, window = inputs.document.text, window_of(model.spec)
    if count_words(text) <= window:
        every = [sentence for index in said for sentence in said[index]]
        found = await judge.judge([text], every)
        result, start = {}, 0
        for index in said:
            result[index] = found[start : start + len(said[index])]
            start += len(said[index])
        return result
    passages = list_passages(text, window, guess_language(text))
    result = {}
    for index, sentences in said.items():
        own = part_at(index, state["outline"], state["notes"], text)
        result[index] = await judge.judge([own, *passages], sentences)
    return result


def _compare(
    inputs: LessonInput,
    language: str,
    said: Mapping[int, Sequence[str]],
    judgements: Mapping[int, Sequence[Judgement | None]],
) -> tuple[int, tuple[Fault, ...]]:
    evidence, quotations = _index(inputs, language)
    checked, faults = 0, []
    for index in sorted(said):
        verdicts = judgements.get(index) or [None] * len(said[index])
        for sentence, judgement in zip(said[index], verdicts, strict=True):
            by_words = evidence.check(sentence)
            if by_words is not None and judgement is not None and judgement.is_evident:
                is_borne_out = quotations.bears_out(judgement.evidence, sentence, by_words[0])
                judgement = replace(judgement, is_evident=is_borne_out)
            found = weigh(by_words, judgement)
            checked += found is not None or by_words is not None or evidence.claims(sentence)
            if found is not None:
                faults.append(Fault(index, sentence, found[1], found[0]))
    return checked, tuple(faults)


def weigh(by_words: tuple[str, str] | None, judgement: Judgement | None) -> tuple[str, str] | None:
    """Kind and reason of what is wrong with a sentence, by its words and by the judge; None when nothing is."""
    if judgement is None:
        return by_words
    if judgement.kind is not None:
        return judgement.kind, judgement.reason
    if by_words is None or by_words[0] == "words":
        return None
    kind, reason = by_words
    doubtful = kind == "opposite" or not reason.startswith(_ABSENT)
    return None if doubtful and judgement.is_evident else by_words


def _index(inputs: LessonInput, language: str) -> tuple[Evidence, Quotations]:
    assert inputs.document is not None
    title, text = inputs.document.title, inputs.document.text
    source = f"{title}\n\n{text}"
    # Words of two languages can't be compared; numbers and names can.
    common = language if guess_language(source) in (language, None) else None
    return Evidence(source, common), Quotations(title, text, common)


def _digest(sentences: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sentences).encode(errors="replace")).hexdigest()[:16]
