"""`provider:model`: how a model is named everywhere."""

from dataclasses import dataclass
from typing import Self

PROVIDERS = ("openai", "google_genai", "groq", "ollama", "embedded", "replay")


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
