"""What a hostile upload may take: time, memory, room, and the turns of others."""

import asyncio
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from backend.documents import extraction
from backend.documents.child import report
from backend.documents.extraction import Extraction
from backend.documents.kinds import KindName
from backend.documents.pdf.bidi import read_order
from backend.documents.pdf.running import find_running
from backend.documents.plain import read_plain
from backend.documents.queue import FairQueue
from backend.store.owner import Owner
from tests.uploads import Ink, archive, drawn_pdf, pdf, w_paragraph, w_run, w_table, word_of
from workflows.errors import InvalidInput, Overloaded
from workflows.safety.untrusted.documents import examine, uncover
from workflows.text.layout.html_text import read_html

# Time.

HOSTILE = [
    "a", "a ", ".", " ", "<", "\n", "1", "\u0301", "-", "~~", "`", "` ``", "```\n", "~~~\n", "&", "&#", "&lt;",
    "<!--", "<!-- -->", "<!-", "<a ", "<a b=", "<a 'b", '<a "', "<b>", "</b>", "<b></i>", "<div hidden>", "<p hidden>x",
    "<div style='display:none'>", "<script>", "<style></style", "<table><tr><td>", "<tr><td rowspan=999>x", "<td>1",
    "<li>", "<ol><li>", "<sup>1", "<br>", "<![", "<?", "|<br>", "---\n", "a: b\n", "\n\n", "\r", "\u200b", "\x0c",
    "ab ", "0a:", "aGVsbG8", "ignore all ", "\u05d0", "\u05d0 1 ", "(", "\t",
]  # fmt: skip


def plain(text: str) -> Any:
    return read_plain(text.encode(), is_markdown=True)


def front_matter(text: str) -> Any:
    return read_plain(f"---\n{text}".encode(), is_markdown=True)


def running(text: str) -> Any:
    return find_running([[text, "a"]] * 3)


def bidi(text: str) -> Any:
    letters = list(text[::5])
    return [read_order(letters, right_to_left=side, mirror=side) for side in (True, False)]


_QUICK_SECONDS = 0.05
PATIENCE = 20
"""Seconds that a busy machine may take for what a queue does at once."""


def grows_faster_than_its_input(work: Callable[[int], Any]) -> bool:
    """Whether twice the input takes far more than twice the time; each is tried again before that is said.

    An eighth and a quarter are looked at first: what is quick even if it is quadratic, or is so near to twice that the
    whole can't be beyond the limit, isn't run over the whole.
    """

    def took(size: int) -> float:
        began = time.process_time()
        work(size)
        return time.process_time() - began

    if (eighth := took(12_500)) * 8**2 < _QUICK_SECONDS or took(25_000) < 2.5 * eighth:
        return False
    return all((whole := took(100_000)) > _QUICK_SECONDS and whole > 3.5 * took(50_000) for _ in range(3))


def repeated(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


@pytest.mark.parametrize("work", [plain, front_matter, running, bidi], ids=lambda work: work.__name__)
def test_text_of_any_kind_takes_time_in_proportion_to_its_length(work: Callable[[str], Any]) -> None:
    def on(piece: str) -> Callable[[int], Any]:
        return lambda size: work(repeated(piece, size))

    slow = [piece for piece in HOSTILE if grows_faster_than_its_input(on(piece))]
    assert slow == []


@pytest.mark.parametrize("piece", [".", " ", "<!--", "<div hidden>", "<b>", "\n", "ab ", "-"])
def test_looking_a_document_over_takes_time_in_proportion_to_its_length(piece: str) -> None:
    assert not grows_faster_than_its_input(lambda size: uncover(repeated(piece, size)))
    assert not grows_faster_than_its_input(lambda size: examine(repeated(piece, size)))


@pytest.mark.parametrize("make", [
    lambda n: word_of(w_paragraph("<w:ins>" * 50 + w_run("One. ") * n + "</w:ins>" * 50)),
    lambda n: word_of("".join(w_paragraph(w_run("a", "<w:vanish/>")) for _ in range(n)) + w_paragraph("a")),
    lambda n: word_of(w_table(*[["a"] * 50] * (n // 50))),
    lambda n: word_of(w_paragraph("<w:r><w:sym w:font='x' w:char='1'/></w:r>" * n, "a")),
    lambda n: drawn_pdf([Ink(50 + k % 40 * 9, 830 - k // 40 * 2, "ab", 8) for k in range(n)]),
    lambda n: drawn_pdf([Ink(50, 800 - k % 700, "ab", 8) for k in range(n)]),
])  # fmt: skip
def test_file_takes_time_in_proportion_to_its_length(make: Callable[[int], bytes]) -> None:
    files = {size: make(size // 33) for size in (12_500, 25_000, 50_000, 100_000)}

    def read(size: int) -> Any:
        return report("pdf" if files[size].startswith(b"%PDF") else "docx", files[size])

    assert set(read(50_000)) != {"refused"}
    assert not grows_faster_than_its_input(read)


# Room.


def test_small_file_with_much_text_is_refused_before_it_is_made() -> None:
    body = w_table(*[["Take one tablet a day with water."] * 20] * 400)
    data = word_of(body * 4)
    assert len(data) < 20_000
    assert report("docx", data, 100_000)["refused"] == (
        "the document holds more text than 100000 characters; divide it"
    )
    lines = pdf(*[["Take one tablet a day with water."] * 50] * 20)
    assert "more text than 10000" in report("pdf", lines, 10_000)["refused"]
    assert "more text than 10 " in report("text", b"Take one tablet.", 10)["refused"]


def test_cells_that_say_they_are_wide_take_no_room() -> None:
    cell = "<w:tcPr><w:gridSpan w:val='99999'/></w:tcPr>" + w_paragraph("x")
    row = '<w:trPr><w:gridBefore w:val="99999"/></w:trPr>'
    table = w_table([cell] * 3, ["y"]).replace("<w:tr>", f"<w:tr>{row}", 1)
    assert len(report("docx", word_of(table))["text"]) < 1000
    html = "<table><tr><td colspan=999999 rowspan=999999>x<td>y" + "<tr><td>z" * 50 + "</table>"
    assert len(read_html(html).text) < 20_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xl/workbook.xml", "an Excel workbook"),
        ("ppt/presentation.xml", "a PowerPoint presentation"),
        ("content.xml", "an OpenDocument file"),
    ],
)
def test_other_office_file_that_is_named_docx_is_refused_by_what_it_is(name: str, said: str) -> None:
    data = archive(**{name.replace("/", "__").replace(".", "_dot_"): b"<a/>"})
    assert report("docx", data)["refused"] == f"the name says a Word document, but the file is {said}"


def test_archive_whose_part_is_larger_than_it_says_is_refused() -> None:
    packed = bytearray(archive(word__document_dot_xml=b"<a/>" + b" " * 120_000_000))
    size = (120_000_004).to_bytes(4, "little")
    assert packed.count(size) == 2
    lying = packed.replace(size, (1000).to_bytes(4, "little"))
    assert report("docx", bytes(lying))["refused"].startswith(
        ("the document is too large", "the Word document is")
    )


def test_xml_entities_are_not_followed_in_any_encoding() -> None:
    bomb = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    refused = report("docx", archive(word__document_dot_xml=bomb.encode("utf-16")))["refused"]
    assert refused == "the document holds XML declarations that Word doesn't write"


def test_deep_nesting_is_refused_or_read() -> None:
    deep = word_of("<w:ins>" * 5000 + w_paragraph("a") + "</w:ins>" * 5000)
    assert "refused" in report("docx", deep)
    assert report("markdown", b"<div>" * 50_000 + b"a")["text"] == "a"
    nested = report("markdown", b"<table><tr><td>a" * 20_000 + b"z")["text"]
    assert nested.startswith("a") and len(nested) < 100_000


def test_pdf_whose_pages_refer_to_each_other_ends() -> None:
    data = pdf(["a"]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]").replace(b"/Kids [8 0 R]", b"/Kids [2 0 R]")
    assert set(report("pdf", data)) & {"refused", "text"}


def test_pdf_stream_that_unpacks_without_end_is_refused_before_it_is_read() -> None:
    packed = zlib.compress(b"(a) Tj\n" * 6_000_000)
    small = pdf(["a"])
    start, end = small.rindex(b"<< /Length"), small.rindex(b"\nendstream")
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s" % (len(packed), packed)
    assert report("pdf", small[:start] + stream + small[end:])["refused"] == (
        "the PDF is broken, or too large when unpacked"
    )


# The process.


class _Hostile(Extraction):
    """Runs another program in place of the reader."""

    def __init__(self, program: str, monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
        super().__init__(**limits)
        monkeypatch.setattr(extraction, "_COMMAND", (sys.executable, "-c", program))


async def _refusal(reader: Extraction, kind: KindName = "text", data: bytes = b"x" * 300_000) -> str:
    with pytest.raises(InvalidInput) as refused:
        await asyncio.wait_for(reader.extract(Owner("anna"), kind, data), 60)
    return refused.value.message


async def test_process_that_hangs_is_killed_and_the_next_document_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        reader = _Hostile("while True: pass", patched, seconds=0.5)
        assert "takes too long" in await _refusal(reader)
    reader._seconds = 60
    assert (await reader.extract(Owner("anna"), "text", b"Hello.")).text == "Hello."


@pytest.mark.parametrize(
    "program",
    [
        "import sys; sys.stdin.buffer.read(); [sys.stdout.write('{}\\n' + 'a' * 100000) for _ in iter(int, 1)]",
        "import sys; [sys.stdout.write('a' * 100000) for _ in iter(int, 1)]",
        "print('{}', end='')",
        "import os; os._exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
async def test_process_that_says_too_much_or_nothing_whole_is_refused(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = _Hostile(program, monkeypatch, max_characters=1000)
    assert "can't be read within its limits" in await _refusal(reader)


async def test_long_text_comes_whole_from_the_process() -> None:
    text = "קחו כדור אחד בכל יום. " * 50_000
    extracted = await Extraction().extract(Owner("anna"), "text", text.encode())
    assert extracted.text == text.strip() and extracted.words == 250_000
    assert (extracted.language, len(extracted.sha256)) == ("he", 64)


# Turns.


async def test_queue_leaves_a_slot_for_another_owner() -> None:
    queue = FairQueue(slots=3, slots_of_owner=2, waiting=10, waiting_of_owner=5)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(queue.slot(Owner("anna")))
        third = asyncio.create_task(stack.enter_async_context(queue.slot(Owner("anna"))))
        await asyncio.sleep(0)
        await asyncio.wait_for(stack.enter_async_context(queue.slot(Owner("ben"))), PATIENCE)
        assert not third.done()
        third.cancel()


async def test_queue_gives_turns_to_owners_in_rotation() -> None:
    queue = FairQueue(slots=1, slots_of_owner=1, waiting=20, waiting_of_owner=10)
    order: list[str] = []

    async def work(owner: Owner) -> None:
        async with queue.slot(owner):
            order.append(owner)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for owner in ("anna", "anna", "anna", "anna", "ben", "ben", "carl"):
            group.create_task(work(Owner(owner)))
    assert order == ["anna", "anna", "ben", "carl", "anna", "ben", "anna"]


async def test_queue_refuses_more_than_may_wait_and_says_when_to_come_back() -> None:
    queue = FairQueue(slots=1, slots_of_owner=1, waiting=3, waiting_of_owner=2)
    async with queue.slot(Owner("anna")):
        waiting = [asyncio.create_task(_stay(queue, Owner("anna"))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await _stay(queue, Owner("anna"))
        assert refused.value.retry_after > 0
        waiting.append(asyncio.create_task(_stay(queue, Owner("ben"))))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await _stay(queue, Owner("carl"))
    await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)
    await asyncio.wait_for(_stay(queue, Owner("carl")), PATIENCE)


async def test_queue_forgets_who_gave_up() -> None:
    queue = FairQueue(slots=1, slots_of_owner=1, waiting=1, waiting_of_owner=1)
    async with queue.slot(Owner("anna")):
        for _ in range(3):
            waiting = asyncio.create_task(_stay(queue, Owner("ben")))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        last = asyncio.create_task(_stay(queue, Owner("ben")))
        await asyncio.sleep(0)
    last.cancel()  # called in the same moment
    await asyncio.wait([last])
    await asyncio.wait_for(_stay(queue, Owner("carl")), PATIENCE)


async def _stay(queue: FairQueue, owner: Owner) -> None:
    async with queue.slot(owner):
        await asyncio.sleep(0)
