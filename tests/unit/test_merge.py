"""Fewer messages, the same text."""

from hypothesis import given
from hypothesis import strategies as st

from backend.log.entry import Entry
from backend.streaming.merge import cut_message, merge_entries, merge_messages
from tests.unit.logs import messages_of, read_texts, run_logs
from tests.unit.messages import complete, content, number, progress, retract
from tests.unit.run_messages import merge_whole
from workflows.messages.messages import Message, TextAppended, encode


def spell_out(messages: list[Message]) -> list[object]:
    """Text letter by letter, with all that belongs to it; other messages as they are, `is_complete` as its own."""
    letters: list[object] = []
    for message in messages:
        if isinstance(message, TextAppended):
            data = message
            letters += [(data.section, data.piece, letter) for letter in data.chunk]
            letters += [(data.section, data.piece, "end")] * data.is_complete
        else:
            letters.append(message)
    return letters


@given(run_logs)
def test_merge_changes_neither_text_nor_order(log: list[Entry]) -> None:
    messages = messages_of(log)
    assert spell_out(list(merge_messages(messages))) == spell_out(messages)
    assert read_texts(merge_whole(log)) == read_texts(log)


@given(run_logs)
def test_merge_of_entries_says_the_same_as_merge_of_messages(log: list[Entry]) -> None:
    merged = merge_whole(log)
    assert [entry.data for entry in merged] == [encode(m) for m in merge_messages(messages_of(log))]
    assert [entry.type for entry in merged] == [message.type for message in messages_of(merged)]


@given(run_logs)
def test_merge_keeps_the_last_seq_and_its_seqs_are_some_of_the_old_ones_in_order(log: list[Entry]) -> None:
    seqs = [entry.seq for entry in merge_whole(log)]
    assert seqs[-1:] == [entry.seq for entry in log][-1:]
    assert seqs == sorted(set(seqs))
    assert set(seqs) <= {entry.seq for entry in log}


@given(run_logs)
def test_merge_twice_changes_nothing_more(log: list[Entry]) -> None:
    once = merge_whole(log)
    assert merge_whole(once) == once


@given(run_logs, st.data())
def test_merge_in_two_parts_reads_like_merge_of_the_whole(log: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    parts = merge_whole(log[:cut]) + merge_whole(log[cut:])
    assert merge_whole(parts) == merge_whole(log)


def test_merge_joins_adjacent_text_of_one_section_under_the_last_seq() -> None:
    log = number(content(0, "On"), content(0, "ce"), content(0, ".", ends=True), complete())
    assert merge_whole(log) == [Entry(3, "content", encode(content(0, "Once.", ends=True))), log[3]]


def test_merge_stops_at_another_section_piece_end_or_message() -> None:
    apart: list[Message] = [
        content(0, "a"),
        content(1, "b"),
        content(1, "c", piece="M1"),
        content(1, "d", ends=True),
        content(1, "e"),
        progress(3),
        content(1, "f"),
        retract(1),
        content(1, "g"),
    ]
    assert list(merge_messages(apart)) == apart


def test_merge_of_nothing_is_nothing() -> None:
    assert merge_whole([]) == []
    assert list(merge_messages([])) == []


def test_merge_keeps_the_piece_that_text_is_of() -> None:
    messages = [
        content(0, "a", piece="M1"),
        content(0, "b", piece="M1", ends=True),
        content(0, "c", piece="M2"),
    ]
    expected = [content(0, "ab", piece="M1", ends=True), content(0, "c", piece="M2")]
    assert list(merge_messages(messages)) == expected
    assert messages_of(merge_whole(number(*messages))) == expected
    assert [entry.seq for entry in merge_whole(number(*messages))] == [2, 3]


def test_merge_leaves_a_message_that_stands_alone_as_the_very_one_that_it_was_given() -> None:
    messages: list[Message] = [content(0, "a"), progress(1), content(1, "b")]
    assert [id(merged) for merged in merge_messages(messages)] == [id(message) for message in messages]
    entries = number(*messages)
    assert [id(merged) for merged in merge_whole(entries)] == [id(entry) for entry in entries]


def test_long_text_is_cut_into_parts_of_which_the_last_alone_ends_it() -> None:
    for text, parts in ("abcdefg", ["abc", "def", "g"]), ("abcdef", ["abc", "def"]):
        *begun, last = cut_message(content(1, text, ends=True), 3)
        assert begun == [content(1, part) for part in parts[:-1]]
        assert last == content(1, parts[-1], ends=True)


def test_message_that_needs_no_cut_stays_the_very_one_that_it_was() -> None:
    for message in content(1, "abc"), content(1, "", ends=True), progress(1):
        assert [id(part) for part in cut_message(message, 3)] == [id(message)]


def test_damaged_texts_are_left_out_and_all_others_sent() -> None:
    log = [Entry(seq, m.type, encode(m)) for seq, m in enumerate([content(0, "A"), content(0, "B")], 1)]
    huge = b'{"type":"content","data":{"section":99999999999999999999,"chunk":"C","is_complete":true}}'
    damaged = [b"\xff\xfe", b"", b'{"type":', b"[]", b'{"data":{"section":0}}', huge]
    entries = [log[0], *(Entry(2, "content", data) for data in damaged), log[1]]
    told: list[Entry] = []
    merged = merge_entries(entries, told.append)
    assert read_texts(merged) == read_texts(log) and len(merged) == 1
    assert [entry.data for entry in told] == damaged
