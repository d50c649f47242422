"""What the command line says of a finished text: as the page does."""

from typing import Any

from backend.cli.outcome import outcome_lines

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


def test_outcome_of_a_text_without_findings_is_nothing() -> None:
    assert list(outcome_lines({"word_count": 3})) == []
