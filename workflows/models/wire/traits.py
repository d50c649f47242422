"""Traits of a model's server: from its provider at first, then from its replies."""

import re
from dataclasses import dataclass, field
from typing import Literal

from workflows.models.spec import ModelSpec

_MOST_KNOWN = 1000
LimitField = Literal["max_tokens", "max_completion_tokens"]

# Their chat templates open the thoughts in the prompt, so that the reply begins within them.
_OPENS_IN_PROMPT = re.compile(
    r"deepseek-r|(?<![a-z])r1(?![a-z0-9])|qwq|thinking|reasoner|glm-z1|exaone-deep|nemotron|skywork-or|openthinker",
    re.IGNORECASE,
)
_LOCAL = frozenset({"openai_compatible", "ollama", "groq"})
# OpenAI and Groq call the old name deprecated, and OpenAI's reasoning models refuse it. Mistral's API knows no other,
# and Ollama ignores what it doesn't know.
_NEW_NAME = frozenset({"openai", "openai_responses", "groq"})


@dataclass(slots=True)
class ServerTraits:
    """Traits shared by all calls of one model in this process, and corrected by their replies."""

    limit_field: LimitField = "max_tokens"
    without: set[str] = field(default_factory=set)
    """Optional fields of a request that the server refused."""
    separates_thoughts: bool = False
    """It sent thoughts in a field of their own."""
    unmarked_thoughts: bool = False
    """Its replies may begin within thoughts, with no mark before them."""

    @classmethod
    def of(cls, spec: ModelSpec) -> "ServerTraits":
        """The traits that follow from a model's name."""
        return cls(
            limit_field="max_completion_tokens" if spec.provider in _NEW_NAME else "max_tokens",
            unmarked_thoughts=spec.provider in _LOCAL and bool(_OPENS_IN_PROMPT.search(spec.name)),
        )

    @property
    def holds_replies(self) -> bool:
        """Whether a reply is held until its thoughts have ended."""
        return self.unmarked_thoughts and not self.separates_thoughts


class TraitsRegistry:
    """Traits of all opened models; the oldest are forgotten when there are very many names."""

    def __init__(self) -> None:
        self._known: dict[ModelSpec, ServerTraits] = {}

    def of(self, spec: ModelSpec) -> ServerTraits:
        """The model's traits, shared by all callers."""
        if spec not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[spec] = ServerTraits.of(spec)
        return self._known[spec]
