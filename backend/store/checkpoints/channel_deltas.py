"""Deltas of channel values: what a checkpoint adds to the one before it.

The state of a text grows with every section. Stored whole in every checkpoint, the bytes of a run grow with the square
of its sections; stored as deltas they grow with its text.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint
from langgraph.checkpoint.serde.base import SerializerProtocol

DELTA = "delta:"
"""How the type of a stored delta begins; the serializer's type and the version of its base follow."""
_THREADS = 1024
"""Threads whose newest checkpoint is kept in memory; the next one of another thread is stored whole."""
_SPARE_ITEMS = 64

Typed = tuple[str, bytes]
"""The serializer's type, or that of a delta, and the bytes."""


class MissingBase(LookupError):
    """Error of a delta whose base isn't stored."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Difference between a channel's value and its value at the version `base`: changed items of a dict, or the items
    after the end of a list."""

    base: str
    items: dict[Any, Any] | list[Any]


class _Stored(NamedTuple):
    """A channel as it was stored; `chained` items are in its deltas since it was stored whole."""

    version: str
    value: Any
    chained: int = 0


class Encoded(NamedTuple):
    """New values of a checkpoint's channels, each whole or as a `Delta`. It can be read only if the checkpoint `parent`
    is stored too; None if it can be read by itself."""

    values: dict[str, Any]
    parent: str | None


class DeltaEncoder:
    """Encoder of checkpoints by what is new in them: it has the newest one of each thread that is being written.

    Items are compared by identity, as LangGraph compares channels by their versions: a node returns new values, and
    changes none.
    """

    def __init__(self) -> None:
        self._newest: OrderedDict[tuple[str, str], tuple[str, dict[str, _Stored]]] = OrderedDict()

    def encode(self, config: RunnableConfig, checkpoint: Checkpoint) -> "Encoded":
        """What has to be stored of the checkpoint: all of its channels, or what its parent doesn't have.

        `forget` the thread if it can't be stored.
        """
        place = config["configurable"]
        key = str(place["thread_id"]), str(place.get("checkpoint_ns", ""))
        parent, known = self._newest.pop(key, ("", {}))
        if parent != place.get("checkpoint_id"):
            known = {}
        stored: dict[str, _Stored] = {}
        new: dict[str, Any] = {}
        for channel, value in checkpoint["channel_values"].items():
            if is_inline(checkpoint, channel):
                continue
            version, before = str(checkpoint["channel_versions"][channel]), known.get(channel)
            if before is not None and before.version == version:
                stored[channel] = before
            else:
                new[channel], stored[channel] = _encode(before, version, value)
        self._newest[key] = checkpoint["id"], stored
        if len(self._newest) > _THREADS:
            self._newest.popitem(last=False)
        return Encoded(new, parent if known else None)

    def forget(self, thread_id: str) -> None:
        """The thread's next checkpoint is encoded whole."""
        for key in [key for key in self._newest if key[0] == thread_id]:
            del self._newest[key]


class ChannelValues:
    """Values of one thread's channels, from the blobs of their versions."""

    def __init__(self, blobs: Mapping[tuple[str, str], Typed], serde: SerializerProtocol) -> None:
        self._blobs = blobs
        self._serde = serde
        self._loaded: dict[tuple[str, str], Any] = {}

    def of(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """The checkpoint's values: those that are in it, and those of its channels that have a blob."""
        stored = {
            name: self.value(name, str(version))
            for name, version in checkpoint["channel_versions"].items()
            if (name, str(version)) in self._blobs
        }
        return {**(checkpoint.get("channel_values") or {}), **stored}

    def value(self, channel: str, version: str) -> Any:
        """The channel's value at this version. Raises MissingBase."""
        later = []
        while (base := base_of(self._find(channel, version)[0])) is not None:
            later.append(version)
            version = base
        value = self._load(channel, version)
        if not later:
            return value
        value = value.copy()
        extend: Callable[[Any], None] = value.update if isinstance(value, dict) else value.extend
        for each in reversed(later):
            extend(self._load(channel, each))
        return value

    def _load(self, channel: str, version: str) -> Any:
        if (channel, version) not in self._loaded:
            kind, blob = self._find(channel, version)
            if is_delta(kind):
                kind = kind.split(":", 2)[1]
            self._loaded[channel, version] = self._serde.loads_typed((kind, blob))
        return self._loaded[channel, version]

    def _find(self, channel: str, version: str) -> Typed:
        try:
            return self._blobs[channel, version]
        except KeyError:
            raise MissingBase(f"the version {version} of the channel {channel} isn't stored") from None


def is_inline(checkpoint: Checkpoint, channel: str) -> bool:
    """Whether the channel's value stands in the checkpoint itself: it is small, or has no version to be found by."""
    value = checkpoint["channel_values"][channel]
    return (
        value is None
        or isinstance(value, str | int | float | bool)
        or channel not in checkpoint["channel_versions"]
    )


def dump(serde: SerializerProtocol, value: Any) -> Typed:
    """The stored form of a channel's value, or of a `Delta`."""
    if not isinstance(value, Delta):
        return serde.dumps_typed(value)
    kind, blob = serde.dumps_typed(value.items)
    return f"{DELTA}{kind}:{value.base}", blob


def is_delta(kind: str) -> bool:
    """Whether a blob of this type is a delta."""
    return kind.startswith(DELTA)


def base_of(kind: str) -> str | None:
    """The version that a blob of this type adds to; None where it is whole."""
    return kind.split(":", 2)[2] if is_delta(kind) else None


def _encode(before: _Stored | None, version: str, value: Any) -> tuple[Any, _Stored]:
    if before is not None and (items := _added(before.value, value)) is not None:
        chained = before.chained + len(items)
        # A chain has no more items than twice the value: else it would cost more to read than it saves.
        if len(items) < len(value) and chained <= 2 * len(value) + _SPARE_ITEMS:
            return Delta(before.version, items), _Stored(version, value, chained)
    return value, _Stored(version, value)


def _added(old: Any, new: Any) -> dict[Any, Any] | list[Any] | None:
    """The items of `new` that aren't in `old`; None where some of the old are gone, or in another order."""
    if type(old) is not type(new) or type(new) not in (dict, list) or len(old) > len(new):
        return None
    if isinstance(new, dict):
        if any(before != after for before, after in zip(old, new, strict=False)):
            return None
        return {key: value for key, value in new.items() if key not in old or old[key] is not value}
    if any(before is not after for before, after in zip(old, new, strict=False)):
        return None
    return list(new[len(old) :])
