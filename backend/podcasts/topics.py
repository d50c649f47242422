"""Topics of podcast episodes as files: `topics/<id>.yaml`."""

from pathlib import Path
from typing import Any

import yaml

from workflows.errors import FieldError, InvalidInput
from workflows.formats.podcast.format import PodcastFormat
from workflows.formats.podcast.input import PodcastInput, Topic

_EPISODE = frozenset(PodcastInput.model_fields) - {"topic"}
"""What a topic's file may also settle: hosts, tone, length and the rest of the episode's input."""


def read_topic(folder: Path, topic_id: str) -> dict[str, Any]:
    """The episode's input from the topic's file, validated.

    Raises InvalidInput that names the file and the field.
    """
    path = _find(folder, topic_id)
    inputs = _read(path)
    episode = {name: value for name, value in inputs.items() if name in _EPISODE}
    topic = {"id": topic_id, **{name: value for name, value in inputs.items() if name not in _EPISODE}}
    if topic["id"] != topic_id:
        raise _refuse(path, (FieldError("id", f"the file is named {path.name}, so the id is {topic_id}"),))
    try:
        PodcastFormat().parse({"topic": topic, **episode})
    except InvalidInput as error:
        raise _refuse(path, tuple(_in_file(item) for item in error.errors)) from None
    return {"topic": topic, **episode}


def _find(folder: Path, topic_id: str) -> Path:
    for suffix in (".yaml", ".yml"):
        if (path := folder / f"{topic_id}{suffix}").is_file():
            return path
    known = sorted(path.stem for path in folder.glob("*.y*ml")) if folder.is_dir() else []
    there = f"there is {', '.join(known)}" if known else "there is none"
    message = f"no topic {topic_id!r} in {folder}: {there}"
    raise InvalidInput(message, (FieldError("topic", message),))


def _read(path: Path) -> dict[str, Any]:
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "the file"
        raise _refuse(path, (FieldError(place, "this is no YAML"),)) from None
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        fields = ", ".join(Topic.model_fields)
        raise _refuse(path, (FieldError("the file", f"a topic is a mapping of {fields}"),))
    return given


def _in_file(error: FieldError) -> FieldError:
    """The name in the file of a field of the input."""
    return FieldError(error.field.removeprefix("input.").removeprefix("topic."), error.message)


def _refuse(path: Path, errors: tuple[FieldError, ...]) -> InvalidInput:
    located = tuple(FieldError(f"{path}: {error.field}", error.message) for error in errors)
    return InvalidInput.of_fields(located)
