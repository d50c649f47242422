"""`storywire record`, and `generate` with what it wrote."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli.main import app
from tests.integration.test_record_and_replay import EXAMPLE
from workflows.models.cassettes.cassette import Cassette


def test_record_command_writes_what_generate_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path / "data"))
    shutil.copy(EXAMPLE, tmp_path / "a.jsonl")
    story = ("story", "--theme", "a lighthouse on the moon", "--name", "Maya", "--level", "beginner")
    runner = CliRunner()

    recorded = runner.invoke(
        app, ["record", *story, "--model", "replay:a.jsonl?speed=0&match=exact", "-o", "b.jsonl"]
    )
    played = runner.invoke(app, ["generate", *story, "--model", "replay:b.jsonl?speed=0&match=exact"])
    twice = runner.invoke(app, ["record", *story, "-o", "b.jsonl"])
    broken = runner.invoke(app, ["generate", *story, "--model", "replay:none.jsonl"])

    assert recorded.exit_code == played.exit_code == 0, recorded.stderr + played.stderr
    assert recorded.stdout == played.stdout and len(played.stdout.split()) > 300
    assert Cassette.read(tmp_path / "b.jsonl").header.tier == "embedded"
    assert [_sha256(tmp_path / name) for name in ("a.jsonl", "b.jsonl")] == [_sha256(EXAMPLE)] * 2
    assert twice.exit_code == 2 and "is there already" in twice.stderr
    assert broken.exit_code == 2 and "STORYWIRE_MODEL" in broken.stderr


def _sha256(path: Path) -> str:
    return str(json.loads(path.read_text().splitlines()[-1])["ending"]["sha256"])
