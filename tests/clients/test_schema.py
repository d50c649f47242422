"""The clients' types are those of the service."""

import json
from typing import get_args

import storywire_client.messages as client

from clients.schema.__main__ import ROOT, generate, stale
from clients.schema.definitions import story_chunk_schema
from workflows.messages.messages import Message


def test_generated_files_are_what_the_models_say() -> None:
    assert stale() == [], "run `make schema` and commit what it writes"


def test_client_knows_every_type_of_message() -> None:
    assert {kind.type for kind in get_args(Message)} == client.MESSAGE_TYPES


def test_json_schema_is_the_one_that_the_service_serves() -> None:
    text = (ROOT / "clients/schema/story_chunk.json").read_text(encoding="utf-8")
    assert json.loads(text) == story_chunk_schema()


def test_fields_that_are_always_sent_are_required_and_the_others_are_not() -> None:
    assert client.Content.__required_keys__ == {"section", "chunk", "is_complete"}
    assert client.Content.__optional_keys__ == {"piece"}
    assert client.SafetyIssue.__optional_keys__ == {"section", "quote"}


def test_generated_types_of_typescript_hold_the_same_fields() -> None:
    text = next(text for path, text in generate().items() if path.suffix == ".ts")
    content = text.partition("export type Content = {")[2].partition("};")[0]
    assert content.split() == [
        "section:", "number;", "chunk:", "string;", "is_complete:", "boolean;", "piece?:", "string;"
    ]  # fmt: skip
