"""Verdicts of a lesson's judge."""

from typing import Any

import pytest

from workflows.formats.education_audio.grounding import weigh
from workflows.formats.education_audio.grounding_judge import Judgement, SentenceVerdict, read_verdict
from workflows.text.grounding.grounding import UnsupportedKind


@pytest.mark.parametrize(
    ("borne_out", "otherwise", "kind"),
    [
        (True, "none", None),
        (True, "contradicted", "contradicted"),
        (True, "added", "added"),
        (False, "none", "added"),
        (False, "added_treatment", "added_treatment"),
    ],
)
def test_verdict_that_contradicts_itself_is_no_approval(
    borne_out: bool, otherwise: Any, kind: str | None
) -> None:
    verdict = SentenceVerdict(
        number=1, evidence="water is fine", borne_out=borne_out, otherwise=otherwise, reason="Water is fine."
    )
    assert read_verdict(verdict, "water is fine").kind == kind


@pytest.mark.parametrize(
    ("by_words", "is_evident", "stays"),
    [
        (("number", "the document doesn't say 40 milligrams"), True, True),
        (("name", "the document doesn't name lorazepam"), True, True),
        (("number", "the document says 5 minutes of something else"), True, False),
        (("number", "the document has another number of these: 2 breaths"), True, False),
        (("name", "the document speaks of no milk"), True, False),
        (("name", "the document speaks of no milk"), False, True),
        (("opposite", "the document forbids this"), True, False),
        (("opposite", "the document forbids this"), False, True),
    ],
)
def test_judge_outweighs_words_only_by_evidence_and_never_on_what_is_not_there_at_all(
    by_words: tuple[UnsupportedKind, str], is_evident: bool, stays: bool
) -> None:
    found = weigh(by_words, Judgement(None, "", is_evident))
    assert (found is not None) == stays
