"""Verdicts of a lesson's judge."""

from typing import Any

import pytest

from workflows.formats.education_audio.grounding_judge import SentenceVerdict, read_verdict


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
