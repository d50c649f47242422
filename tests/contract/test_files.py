"""The port of files: every implementation keeps the same bytes under the same names."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.files import FileStore, LocalFiles, MemoryFiles, NoSuchFile


def _below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture(params=["local", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return LocalFiles(tmp_path / "not" / "there") if request.param == "local" else MemoryFiles()


async def test_file_is_read_as_it_was_written_last(files: FileStore) -> None:
    for data in (b"", b"one", b"\x00\xff" * 100_000, b"two"):
        await files.write("recordings/a.jsonl", data)
        assert await files.read("recordings/a.jsonl") == data


async def test_file_that_is_appended_to_is_made_and_grows(files: FileStore) -> None:
    await files.append("a", b"one\n")
    await files.append("a", b"")
    await files.append("a", b"two\n")
    assert await files.read("a") == b"one\ntwo\n"
    await files.write("a", b"three")
    assert await files.read("a") == b"three"


async def test_file_that_is_not_there_or_was_deleted_is_not_read(files: FileStore) -> None:
    await files.write("folder/a", b"one")
    await files.write("b", b"two")
    for name in ("b", "b", "folder", "folder/c"):
        await files.delete(name)
    for name in ("b", "folder", "folder/c", "never/heard/of"):
        with pytest.raises(NoSuchFile, match=name):
            await files.read(name)
    assert await files.read("folder/a") == b"one"


async def test_names_are_listed_in_order_by_how_they_begin(files: FileStore) -> None:
    assert await files.names() == []
    for name in ("b/2", "a/1", "b/10", "bc", "b/deeper/x.md"):
        await files.write(name, b"")
    assert await files.names() == ["a/1", "b/10", "b/2", "b/deeper/x.md", "bc"]
    assert await files.names("b/") == ["b/10", "b/2", "b/deeper/x.md"]
    assert await files.names("c") == []


LEADING_ELSEWHERE = ["", "/", "/etc/passwd", "..", "a/../../b", "a//b", "a/", "-/..", "C:", "a\\b"]
OF_OTHER_CHARACTERS = [".hidden", "a/.b", "a\0b", "é", "a b", "x" * 121]


@pytest.mark.parametrize("name", LEADING_ELSEWHERE + OF_OTHER_CHARACTERS)
async def test_name_that_leads_elsewhere_or_has_other_characters_is_refused(
    files: FileStore, name: str, tmp_path: Path
) -> None:
    for work in (files.write(name, b"x"), files.append(name, b"x"), files.read(name), files.delete(name)):
        with pytest.raises(ValueError, match="is no name of a file"):
            await work
    assert await files.names() == []
    assert _below(tmp_path) == []


@given(name=st.text(max_size=30))
async def test_name_that_is_taken_is_listed_as_it_was_given(files: FileStore, name: str) -> None:
    try:
        await files.write(name, b"x")
    except ValueError:
        return
    assert await files.names() == [name]
    await files.delete(name)


async def test_reader_of_a_file_that_is_written_again_finds_one_of_the_two_whole(files: FileStore) -> None:
    texts = [letter * 500_000 for letter in (b"a", b"b")]
    await files.write("a", texts[0])
    reads = [files.read("a") for _ in range(20)]
    writes = [files.write("a", texts[number % 2]) for number in range(20)]
    found = await asyncio.gather(*(work for pair in zip(reads, writes, strict=True) for work in pair))
    assert {read for read in found if read is not None} <= set(texts)
    assert await files.names() == ["a"]


async def test_file_that_can_not_be_written_leaves_the_older_one_and_no_draft(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    await files.write("folder/a", b"one")
    with pytest.raises(OSError):
        await files.write("folder", b"two")
    assert await files.read("folder/a") == b"one"
    assert _below(tmp_path) == ["folder", "folder/a"]
