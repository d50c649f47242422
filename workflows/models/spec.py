"""`provider:model`: how a model is named everywhere."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

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


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's name, taken apart."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError with a sentence that says what is accepted."""
        provider, colon, name = text.partition(":")
        if not colon or not name or provider not in PROVIDERS:
            raise ValueError(
                f"a model is named provider:model, with one of the providers {', '.join(PROVIDERS)}; got {text!r}"
            )
        return cls(provider, name)

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    def matches(self, pattern: str) -> bool:
        """Whether the pattern means this model. `*` stands for anything: `openai:gpt-5*`, `groq:*`, `*`."""
        return fnmatchcase(str(self), pattern)


def parse_pattern(text: str) -> str:
    """A pattern for models as it is kept. Raises ValueError with a sentence that says what is accepted."""
    pattern = text.strip()
    provider, colon, name = pattern.partition(":")
    if pattern == "*" or (provider in PROVIDERS and colon and name):
        return pattern
    raise ValueError(
        f"models are named provider:model, where * may stand for anything (openai:gpt-5*, groq:*, *), "
        f"with one of the providers {', '.join(PROVIDERS)}; got {text.strip()[:80]!r}"
    )
