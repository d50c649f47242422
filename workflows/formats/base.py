"""The plug-in interface: what a format brings so that the one graph can write it.

A package of your own adds a format by naming its class under the entry point `storywire.formats`.
"""

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from workflows.errors import FieldError, InvalidInput
from workflows.formats.capabilities import find_half_capability
from workflows.formats.pieces import Remark, SectionNotes
from workflows.messages.messages import SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.prompts import SHARED
from workflows.safety.policy import Policy
from workflows.state import Facts, Outline, Section, SectionTask, State

InputT = TypeVar("InputT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plan:
    """The outline that readers see, and what the format keeps for its own prompts (JSON)."""

    outline: Outline
    notes: dict[str, Any] = field(default_factory=dict)


class Format(ABC, Generic[InputT]):
    """One kind of long text. Stateless: one instance serves all runs at once.

    This is what every format has. What some can do beside it is in `capabilities.py`.
    """

    name: ClassVar[str]
    """In URLs, in the database and in `langgraph.json`: lower case, no spaces, never changes."""
    path: ClassVar[str | None] = None
    """How addresses say what is written, such as `stories`; the name is understood there too."""
    title: ClassVar[str]
    """For people."""
    example: ClassVar[Mapping[str, Any]]
    """A worked example of the input, for the docs and the API."""
    version: ClassVar[str] = "1"
    """Change it when the same input should give another text; kept results of another version aren't used."""
    Input: type[InputT]
    """The input model. Its field errors are what a caller is told."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError for a format that has half of a capability: found when it is loaded, not when a text has
        been paid for."""
        super().__init_subclass__(**kwargs)
        if (half := find_half_capability(cls)) is not None:
            raise TypeError(half)

    def parse(self, inputs: Mapping[str, Any]) -> InputT:
        """The input, checked. Raises InvalidInput that names each wrong field."""
        try:
            return self.Input.model_validate(inputs)
        except ValidationError as error:
            raise invalid_input(error) from None

    def fingerprint(self) -> str:
        """The format's version and its prompts (files in `prompts/` beside the class), in short."""
        return f"{self.version}:{_hash_prompts(type(self))}"

    @abstractmethod
    def policy(self, inputs: InputT) -> Policy:
        """The safety policy for these readers."""

    @abstractmethod
    async def plan(self, inputs: InputT, model: Model) -> Plan:
        """What will be written: sections with titles, summaries and word targets."""

    @abstractmethod
    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | Facts | Remark | SectionNotes]:
        """The text of one section, as deltas, as it comes from the model; then, where the task `wants_notes` and the
        model wrote some, the notes on it (`split_notes`).

        The section that brings the facts (`BringsFacts`) yields them too, once.
        """

    @abstractmethod
    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """The section again, without what the safety check or the format's review found fault with."""

    @abstractmethod
    def metrics(self, inputs: InputT, state: State) -> dict[str, Any]:
        """`word_count`, `estimated_reading_time` (minutes), `vocabulary_level`,
        `educational_elements`, and the format's own extras. Pure; runs in a thread.

        `repetition` and `lengths` are added to them."""


AnyFormat = Format[Any]


@cache
def _hash_prompts(kind: type[Format[Any]]) -> str:
    folder = Path(inspect.getfile(kind)).parent / "prompts"
    digest = hashlib.sha256()
    for root in (folder, SHARED):
        for path in sorted(root.rglob("*.*")):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def invalid_input(error: ValidationError, root: str = "input") -> InvalidInput:
    """Pydantic's findings as ours: dotted paths below `root`, sentences, no echo of the values."""
    found = tuple(
        FieldError(
            ".".join([root, *(str(part) for part in item["loc"])]),
            str(item["msg"]).removeprefix("Value error, "),
        )
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return InvalidInput("; ".join(f"{item.field}: {item.message}" for item in found), found)
