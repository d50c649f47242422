"""Deltas of channel values: what is stored of a checkpoint, and what is read from it."""

import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from backend.store.checkpoints.channel_deltas import (
    ChannelValues,
    Delta,
    DeltaEncoder,
    MissingBase,
    Typed,
    dump,
)

SERDE = JsonPlusSerializer()


def config(parent: str | None = None) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": parent})


def checkpoint(number: int, **values: Any) -> Checkpoint:
    """The checkpoint `c<number>`; its channels have its number as their version."""
    return {
        **empty_checkpoint(),
        "id": f"c{number}",
        "channel_values": values,
        "channel_versions": dict.fromkeys(values, f"{number}"),
    }


class Thread:
    """Checkpoints that are encoded one after another, and their blobs."""

    def __init__(self) -> None:
        self.encoder = DeltaEncoder()
        self.blobs: dict[tuple[str, str], Typed] = {}
        self.count = 0

    def put(self, **values: Any) -> dict[str, Any]:
        """What is stored of the next checkpoint."""
        self.count += 1
        parent = f"c{self.count - 1}" if self.count > 1 else None
        new = self.encoder.encode(config(parent), checkpoint(self.count, **values)).values
        self.blobs |= {(name, f"{self.count}"): dump(SERDE, value) for name, value in new.items()}
        return new

    def read(self, channel: str, number: int) -> Any:
        """Value of the channel in the checkpoint of this number."""
        return ChannelValues(self.blobs, SERDE).value(channel, f"{number}")


def test_dict_that_grows_is_stored_as_its_new_items() -> None:
    thread, first = Thread(), {0: ["a"], 1: ["b"]}
    assert thread.put(sections=first) == {"sections": first}
    second = {**first, 2: ["c"]}
    assert thread.put(sections=second) == {"sections": Delta("1", {2: ["c"]})}
    third = {**second, 0: ["again"]}
    assert thread.put(sections=third) == {"sections": Delta("2", {0: ["again"]})}
    assert [thread.read("sections", number) for number in (1, 2, 3)] == [first, second, third]


def test_list_that_grows_is_stored_as_what_follows_its_end() -> None:
    thread, first = Thread(), [{"cost": 1}, {"cost": 2}]
    thread.put(spent=first)
    second = [*first, {"cost": 3}]
    assert thread.put(spent=second) == {"spent": Delta("1", [{"cost": 3}])}
    assert thread.read("spent", 2) == second


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({0: "a", 1: "b"}, {0: "a"}),
        ({0: "a", 1: "b"}, {1: "b", 0: "a", 2: "c"}),
        (["a", "b", "c"], ["b", "c"]),
        (["a", "b"], ["c", "b", "d", "e"]),
        ({0: "a"}, ["a", "b"]),
        ([], ["a"]),
        ({0: "a", 1: "b"}, {0: "c", 1: "d"}),
    ],
    ids=["key gone", "other order", "start gone", "item changed", "other type", "empty", "all changed"],
)
def test_value_that_is_more_than_an_addition_is_stored_whole(before: Any, after: Any) -> None:
    thread = Thread()
    thread.put(it=before)
    assert thread.put(it=after) == {"it": after}


def test_channel_of_the_same_version_is_stored_once() -> None:
    encoder, outline = DeltaEncoder(), {"title": ["T"]}
    first = checkpoint(1, outline=outline)
    encoder.encode(config(), first)
    second: Checkpoint = {**first, "id": "c2"}
    assert encoder.encode(config("c1"), second) == ({}, "c1")


def test_checkpoint_that_does_not_follow_the_last_one_is_stored_whole() -> None:
    encoder, value = DeltaEncoder(), {0: ["a"], 1: ["b"]}
    encoder.encode(config(), checkpoint(1, it=value))
    encoder.encode(config("c1"), checkpoint(2, it={**value, 2: ["c"]}))
    fork = {**value, 3: ["d"]}
    assert encoder.encode(config("c1"), checkpoint(3, it=fork)) == ({"it": fork}, None)


def test_checkpoint_after_a_thread_was_forgotten_is_stored_whole() -> None:
    encoder, value = DeltaEncoder(), {0: ["a"], 1: ["b"]}
    encoder.encode(config(), checkpoint(1, it=value))
    encoder.forget("t")
    longer = {**value, 2: ["c"]}
    assert encoder.encode(config("c1"), checkpoint(2, it=longer)) == ({"it": longer}, None)


def test_small_values_stand_in_the_checkpoint_itself() -> None:
    encoder, values = DeltaEncoder(), {"rewrites": 1, "language": "en", "research": None, "notes": {}}
    assert encoder.encode(config(), checkpoint(1, **values)).values == {"notes": {}}


def test_delta_whose_base_is_gone_is_refused_by_name() -> None:
    thread, first = Thread(), {0: ["a"], 1: ["b"]}
    thread.put(it=first)
    thread.put(it={**first, 2: ["c"]})
    del thread.blobs["it", "1"]
    with pytest.raises(MissingBase, match="version 1 of the channel it"):
        thread.read("it", 2)


@given(st.lists(st.dictionaries(st.integers(0, 9), st.text(max_size=3), max_size=4), max_size=40))
def test_values_are_read_as_they_were_whatever_was_written(updates: list[dict[int, str]]) -> None:
    thread, value, values = Thread(), dict[int, str](), list[dict[int, str]]()
    for update in updates:
        value = {} if not update else {**value, **update}
        thread.put(it=value)
        values.append(value)
    assert [thread.read("it", number) for number in range(1, len(values) + 1)] == values


def test_chain_of_deltas_stays_as_short_as_the_value_that_it_makes() -> None:
    thread, value = Thread(), {number: [number] for number in range(10)}
    stored = []
    for number in range(1000):
        value = {**value, number % 10: [number]}
        stored.append(thread.put(it=value)["it"])
    whole = [number for number, each in enumerate(stored) if not isinstance(each, Delta)]
    assert max(after - before for before, after in pairwise(whole)) <= 100
    assert thread.read("it", 1000) == value


def test_long_chain_is_read_without_recursion() -> None:
    thread, value, deep = Thread(), dict[int, list[int]](), sys.getrecursionlimit() + 100
    for number in range(deep):
        value = {**value, number: [number]}
        thread.put(it=value)
    assert thread.read("it", deep) == value
