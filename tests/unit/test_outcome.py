"""What the command line says of a finished text: as the page does."""

from typing import Any

import pytest

from backend.cli.runs.outcome import outcome_lines
from backend.cli.runs.screen import RunScreen
from workflows.messages.messages import SafetyChecked

QUOTE = "Water is forbidden."
METADATA: dict[str, Any] = {
    "grounding": {"checked": 13, "supported": 12},
    "compliance": {
        "points": [
            {"text": "Yeast breathes", "priority": "must", "covered": False},
            {"text": "Salt", "priority": "nice", "covered": True},
        ],
        "findings": [
            {"advice": "Speak more slowly.", "section": 1},
            {"advice": "The notice says it.", "quote": QUOTE},
        ],
    },
    "notices": [
        {
            "level": "danger",
            "text": "This is NOT safe.",
            "passages": [{"section": 1, "quote": QUOTE, "reason": "it is fine"}],
        }
    ],
}


def test_outcome_tells_grounding_points_findings_and_the_warning_last() -> None:
    lines = [line if isinstance(line, str) else line[0] for line in outcome_lines(METADATA)]
    assert lines[:3] == [
        "Supported  12 of 13 statements",
        "Not made   Yeast breathes (must)",
        "Not mended section 2: Speak more slowly.",
    ]
    assert "This is NOT safe." in " ".join(lines[3:]) and "The notice says it." not in " ".join(lines)


def test_verdict_that_refuses_a_text_tells_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    issue = {"category": "violence", "severity": "high", "advice": "Leave the fight out."}
    verdict = SafetyChecked.model_validate(
        {"stage": "final", "approved": False, "score": 0.2, "issues": [issue], "section": None}
    )
    RunScreen().show(verdict)
    assert "violence: Leave the fight out." in capsys.readouterr().err


def test_outcome_of_a_text_without_findings_is_nothing() -> None:
    assert list(outcome_lines({"word_count": 3})) == []
