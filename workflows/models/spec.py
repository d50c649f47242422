"""Model names: `provider:model`."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

from workflows.text.characters import has_half

_LONGEST_NAME = 4096
"""Characters: the name of a cassette is a path."""
_LONGEST_LABEL = 100
PROVIDERS = (
    "openai",
    "openai_responses",
    "google_genai",
    "groq",
    "ollama",
    "openai_compatible",
    "embedded",
    "replay",
)
SOLO_PROVIDERS = frozenset({"embedded", "replay"})
"""Need no network, and do a whole run or nothing of it. The one has prompts of its own, whose plans nobody else can
write from; the other has recorded replies, which nobody else can be asked to go on from."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A parsed model name."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parsed name. Raises ValueError with a sentence on the accepted form."""
        provider, colon, name = text.partition(":")
        if len(name) > _LONGEST_NAME or has_half(name):
            raise ValueError(f"the name of a model has at most {_LONGEST_NAME} characters, all of them whole")
        if not colon or not name or provider not in PROVIDERS:
            raise ValueError(
                f"a model is named provider:model, with one of the providers {', '.join(PROVIDERS)}; got {text!r}"
            )
        return cls(provider, name)

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    def matches(self, pattern: str) -> bool:
        """Whether the pattern matches this model. `*` stands for anything: `openai:gpt-5*`, `groq:*`, `*`."""
        return fnmatchcase(str(self), pattern)


def parse_pattern(text: str) -> str:
    """A normalised pattern of models. Raises ValueError with a sentence on the accepted form."""
    pattern = text.strip()
    provider, colon, name = pattern.partition(":")
    if pattern == "*" or (provider in PROVIDERS and colon and name):
        return pattern
    raise ValueError(
        f"models are named provider:model, where * may stand for anything (openai:gpt-5*, groq:*, *), "
        f"with one of the providers {', '.join(PROVIDERS)}; got {text.strip()[:80]!r}"
    )


class ModelLabels:
    """Labels of models for metrics. Each costs memory for ever, so after `most` names the provider alone is
    used."""

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._known: set[str] = set()

    def label(self, model: str) -> str:
        """`provider:model`, or `provider:other` past the limit. A cassette is always `replay:other`: it is a path."""
        provider, _, name = model.partition(":")
        provider = provider if provider in PROVIDERS else "other"
        if provider == "replay" or len(name) > _LONGEST_LABEL or not name.isprintable():
            return f"{provider}:other"
        if model not in self._known and len(self._known) >= self._most:
            return f"{provider}:other"
        self._known.add(model)
        return model
