"""Topic files: a typo names the file and the field."""

from pathlib import Path

import pytest
import yaml

from backend.podcasts.topics import read_topic
from tests.architecture.tree import ROOT
from workflows.errors import InvalidInput

TOPIC = """
title: Why night trains are back
description: New sleeper lines across Europe.
region: Europe
hosts:
  - {name: Ada}
  - {name: Ben, bio: calm}
"""


def test_topic_file_is_the_episodes_input(tmp_path: Path) -> None:
    (tmp_path / "night-trains.yaml").write_text(TOPIC)
    inputs = read_topic(tmp_path, "night-trains")
    assert inputs["topic"] == {
        "id": "night-trains",
        "title": "Why night trains are back",
        "description": "New sleeper lines across Europe.",
        "region": "Europe",
    }
    assert [host["name"] for host in inputs["hosts"]] == ["Ada", "Ben"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TOPIC.replace("region", "regoin"), "regoin"),
        (TOPIC.replace("title:", "titel:"), "title"),
        (TOPIC + "freshness_hours: soon\n", "freshness_hours"),
        (TOPIC.replace("{name: Ada}", "{nmae: Ada}"), "hosts.0.name"),
        (TOPIC + "id: other\n", "id"),
        (TOPIC + "  - broken: [\n", "line"),
        ("just words", "the file"),
        ("", "the file"),
    ],
)
def test_topic_file_with_a_mistake_names_file_and_field(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "night-trains.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refusal:
        read_topic(tmp_path, "night-trains")
    fields = [error.field for error in refusal.value.errors]
    assert any(field.startswith(f"{tmp_path / 'night-trains.yaml'}: {place}") for field in fields), fields


def test_topic_that_is_not_there_is_refused_with_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "night-trains.yaml").write_text(TOPIC)
    with pytest.raises(InvalidInput, match=r"no topic 'moon'.*there is night-trains"):
        read_topic(tmp_path, "moon")
    with pytest.raises(InvalidInput, match="there is none"):
        read_topic(tmp_path / "nowhere", "moon")


def test_topic_file_of_the_project_is_the_one_in_the_documentation() -> None:
    read_topic(ROOT / "topics", "night-trains")
    text = (ROOT / "topics" / "night-trains.yaml").read_text()
    documented = (ROOT / "docs" / "formats" / "podcast.md").read_text().split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(text) == yaml.safe_load(documented)
