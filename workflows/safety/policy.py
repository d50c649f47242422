"""A safety policy: what readers of one kind should not meet. Policies are data files beside this one."""

import re
import tomllib
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workflows.safety.spelling import whole_words

_FOLDER = Path(__file__).parent / "policies"


class Rule(BaseModel):
    """Words of one category. `blocked` decides whether a finding stops the text or is only noted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: str
    severity: Literal["low", "medium", "high"]
    blocked: bool = True
    advice: str
    terms: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        description="By language: whole words or phrases; a `*` at the end stands for any ending"
    )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds any of the terms in folded text, whatever the language."""
        return whole_words(term for terms in self.terms.values() for term in terms)


class Policy(BaseModel):
    """What is looked for, for one audience."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    rules: tuple[Rule, ...]


@cache
def load_policy(name: str) -> Policy:
    """The policy file `name`. Raises FileNotFoundError or pydantic's ValidationError: a policy is never guessed."""
    with (_FOLDER / f"{name}.toml").open("rb") as file:
        return Policy.model_validate({"name": name, **tomllib.load(file)})
