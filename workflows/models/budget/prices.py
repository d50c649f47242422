"""Prices of models' tokens, in US dollars. Never a guess: an unknown price is None.

Prices come from the data that genai-prices brings with it, which is never updated over the network, and
from a file of the operator's own, which wins. What runs on a machine of one's own costs nothing a token.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from workflows.models.spec import ModelSpec

# Our names of providers → those of genai-prices. Groq's models are other people's: the price is Groq's.
_PROVIDERS = {"openai": "openai", "openai_responses": "openai", "google_genai": "google", "groq": "groq"}
_FREE = frozenset({"embedded", "ollama", "replay"})
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one call or of many. `cached` is the part of `input` that came from the provider's cache,
    `reasoning` the hidden part of `output`."""

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0

    @property
    def reread(self) -> int:
        """The cached part of the input, at most all of it, whatever the provider reports."""
        return min(self.cached, self.input)


class Price(Protocol):
    """Price of one model's tokens."""

    def cost(self, tokens: Tokens) -> float:
        """The cost in US dollars."""
        ...


class OwnPrice(BaseModel):
    """A price set by the operator: US dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)

    def cost(self, tokens: Tokens) -> float:
        """The cost; cached input costs as much as the rest unless it has a price of its own."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = tokens.input - tokens.reread
        return (fresh * self.input + tokens.reread * cached + tokens.output * self.output) / _MILLION


FREE = OwnPrice(input=0, output=0)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A provider's list price, with its tiers by length and its price of cached input."""

    name: str
    provider: str

    def cost(self, tokens: Tokens) -> float:
        """The cost as of today."""
        from genai_prices import Usage, calc_price

        usage = Usage(
            input_tokens=tokens.input, output_tokens=tokens.output, cache_read_tokens=tokens.reread or None
        )
        return float(calc_price(usage, self.name, provider_id=self.provider).total_price)


class PriceError(Exception):
    """Error in a file of prices; the message says where."""


class PriceRegistry:
    """All prices known to this process."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads the operator's file of prices. Raises PriceError."""
        self._own = {} if path is None else _read(path)
        self._found: dict[ModelSpec, Price | None] = {}

    def find(self, spec: ModelSpec) -> Price | None:
        """The operator's price; else zero for a local model; else the list price."""
        if spec not in self._found:
            self._found[spec] = self._look_up(spec)
        return self._found[spec]

    def _look_up(self, spec: ModelSpec) -> Price | None:
        for pattern, price in self._own.items():
            if fnmatchcase(str(spec), pattern):
                return price
        return FREE if spec.provider in _FREE else _list_price(spec)


def _list_price(spec: ModelSpec) -> Price | None:
    if spec.provider not in _PROVIDERS:
        return None
    price = ListPrice(spec.name, _PROVIDERS[spec.provider])
    try:
        price.cost(Tokens(1000, 1000))
    except (LookupError, ValueError):
        return None
    return price


def _read(path: Path) -> Mapping[str, OwnPrice]:
    try:
        text = path.read_text(encoding="utf-8")
        given: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise PriceError(f"{path.name} can't be read: {error}") from None
    try:
        return TypeAdapter(dict[str, OwnPrice]).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PriceError(f"{path.name}: {where}: {first['msg']}") from None
