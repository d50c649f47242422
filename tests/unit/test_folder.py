"""An episode's folder: what is told is on the disk with the message, and what is finished is a file of its own."""

import json
from pathlib import Path

import pytest

from backend.cli.runs.folder import OutFolder
from backend.settings import SettingsError, load_settings
from tests.unit.messages import complete, content, retract
from workflows.messages.messages import OutlinePlanned, PlannedSection

PLAN = OutlinePlanned(
    title="Trains",
    sections=[PlannedSection(index=0, title="Cold Open", summary="", target_words=400)],
)


def test_growing_text_is_on_the_disk_with_every_message_and_its_file_is_renamed_at_the_end(
    tmp_path: Path,
) -> None:
    growing, whole = (tmp_path / "sections" / f"01-cold-open{suffix}" for suffix in (".part.md", ".md"))
    with OutFolder(tmp_path) as folder:
        folder.take(PLAN)
        folder.take(content(0, "Ada: Once"))
        assert growing.read_text() == "Ada: Once"
        folder.take(content(0, " more."))
        assert growing.read_text() == "Ada: Once more." and not whole.exists()
        folder.take(content(0, "", ends=True))
        assert whole.read_text() == "Ada: Once more." and not growing.exists()
        folder.take(content(0, "Ben: Short.", ends=True, piece="R1"))
        assert (tmp_path / "pieces" / "R1.md").read_text() == "Ben: Short."


def test_text_that_is_taken_back_leaves_the_disk_and_what_is_new_takes_its_place(tmp_path: Path) -> None:
    with OutFolder(tmp_path) as folder:
        folder.take(PLAN)
        folder.take(content(0, "Wrong.", ends=True))
        folder.take(retract(0))
        assert list((tmp_path / "sections").iterdir()) == []
        folder.take(content(0, "Right.", ends=True))
        folder.take(complete())
    assert [path.read_text() for path in (tmp_path / "sections").iterdir()] == ["Right."]
    assert (tmp_path / "script.md").exists() and isinstance(
        json.loads((tmp_path / "metadata.json").read_text()), dict
    )


def test_text_waits_a_second_at_most_before_it_is_a_message() -> None:
    assert load_settings(_env_file=None, merge_ms=1000).merge_ms == 1000
    with pytest.raises(SettingsError, match="STORYWIRE_MERGE_MS"):
        load_settings(_env_file=None, merge_ms=1001)
