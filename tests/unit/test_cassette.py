"""The file of a cassette: what is read, what is refused, what a crash leaves."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from workflows.models.cassettes.cassette import (
    Call,
    Cassette,
    CassetteEnding,
    CassetteError,
    CassetteWriter,
    Header,
    fingerprint,
)

HEADER = Header(
    version=1,
    storywire="0.1.0",
    recorded_at="2026-01-01T00:00:00+00:00",
    run_id="01M7YDWYET74RN75G05TW10Y7X",
    format="story",
    model="openai:gpt-test",
    tier="standard",
    structured="json_schema",
    input={"theme": "the sea"},
)


def call(number: int, **given: Any) -> Call:
    values = {"purpose": "outline", "fingerprint": f"f{number}", "at": 0.0, "took": 10}
    return Call.model_validate({**values, "number": number, "chunks": ((0, "Hello"),), **given})


def write(path: Path, *calls: Call, header: Header = HEADER) -> CassetteWriter:
    file = CassetteWriter(path)
    if file.is_new:
        file.write(storywire_recording=header)
    for item in calls:
        file.write(call=item)
    return file


def test_cassette_written_and_read_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    calls = (call(1, chunks=((0, "Zwölf"), (12, " \n\N{MOUSE FACE}"))), call(2, section=3, finish="stop"))
    write(path, *reversed(calls)).write(ending=CassetteEnding(outcome="complete", sha256="ab", words=2))
    cassette = Cassette.read(path)

    assert cassette.header == HEADER and cassette.calls == calls
    assert cassette.ending == CassetteEnding(outcome="complete", sha256="ab", words=2)
    assert path.stat().st_mode & 0o077 == 0


def test_cassette_cut_off_by_a_crash_is_readable_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, call(1))
    with path.open("a") as file:
        file.write('{"call":{"number":2,"pur')

    assert len(Cassette.read(path).calls) == 1
    assert write(path, call(2)).calls == 1
    assert [item.number for item in Cassette.read(path).calls] == [1, 2]


def test_cassette_with_fields_and_lines_of_later_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, call(1))
    header, first = [json.loads(text) for text in path.read_text().splitlines()]
    later: list[dict[str, Any]] = [{"note": {}}]
    header["storywire_recording"]["mood"] = "blue"
    first["call"]["temperature"] = 1
    path.write_text("".join(json.dumps(line) + "\n" for line in [header, *later, first]))

    assert Cassette.read(path).calls == (call(1),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a cassette"),
        ("root:x:0:0:root:/root:/bin/bash\n", "is not a cassette"),
        ('{"storywire_recording":{"version":1}}\n', "is not a cassette"),
        ("[1]\n", "is not a cassette"),
        (HEADER.model_copy(update={"version": 9}), "has the form 9; this Storywire reads up to 1"),
        (HEADER, "holds no whole reply"),
    ],
)
def test_cassette_that_is_none_is_refused_with_a_sentence(
    tmp_path: Path, text: str | Header, sentence: str
) -> None:
    path = tmp_path / "a.jsonl"
    if isinstance(text, Header):
        CassetteWriter(path).write(storywire_recording=text)
    else:
        path.write_text(text)
    with pytest.raises(CassetteError, match=sentence):
        Cassette.read(path)


@pytest.mark.parametrize("line", ["not JSON", "7", '{"call":{"number":1}}'])
def test_cassette_with_a_broken_line_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    write(path, call(1))
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CassetteError, match="Line 3 "):
        Cassette.read(path)


def test_cassette_that_is_a_folder_or_binary_or_missing_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, binary, tmp_path / "missing"):
        with pytest.raises(CassetteError):
            Cassette.read(path)


def test_replies_leave_out_broken_calls_and_work_that_was_begun_anew() -> None:
    calls = [
        call(1, purpose="outline"),
        call(2, purpose="generate_content", section=0),
        call(3, purpose="generate_content", section=1, fingerprint="a"),
        call(4, purpose="generate_content", section=1, broke="CancelledError"),
        call(5, purpose="generate_content", section=1, fingerprint="a", attempt=2),
        call(6, purpose="safety_check", attempt=2),
    ]
    cassette = Cassette(HEADER, calls, None)

    assert [item.number for item in cassette.replies] == [1, 2, 5, 6]


def test_fingerprint_tells_who_says_what_and_nothing_else() -> None:
    said = [SystemMessage("Be kind."), HumanMessage("Write.")]

    assert fingerprint(said) == fingerprint([SystemMessage("Be kind.", id="1"), HumanMessage("Write.")])
    assert fingerprint(said) != fingerprint([HumanMessage("Be kind."), HumanMessage("Write.")])
    assert fingerprint(said) != fingerprint([SystemMessage("Be kind."), HumanMessage("Write!")])
    assert fingerprint(said) != fingerprint([*said, AIMessage("")])
