"""Measurement of a stream on its way through proxies. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tick:
    """A message of the measurement: time sent (seconds, service's clock) and received (ours, from the request)."""

    number: int
    sent: float
    arrived: float


@dataclass(frozen=True, slots=True)
class Idle:
    """A stream that was silent for `requested` seconds: its duration `lasted`, and whether it broke."""

    requested: float
    lasted: float
    broke: bool


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement of a stream. `failure`: why there is no reply; `arrival`: the request as it arrived."""

    url: str
    path: str = ""
    last_event_id: str = ""
    failure: str | None = None
    status: int = 0
    detail: str = ""
    http_version: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    opened: float = 0.0
    requested_ticks: int = 0
    interval: float = 0.0
    ticks: Sequence[Tick] = ()
    comments: int = 0
    broke: bool = False
    arrival: Mapping[str, Any] = field(default_factory=dict)
    idle: Idle | None = None
