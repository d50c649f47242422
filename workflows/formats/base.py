"""The plug-in interface of formats, which are all executed by the same graph.

A package of your own adds a format by naming its class under the entry point `storywire.formats`.
"""

import hashlib
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from workflows.errors import FieldError, InvalidInput, describe_fault
from workflows.formats.capabilities import find_half_capability
from workflows.formats.pieces import Remark, SectionNotes
from workflows.messages.messages import SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.prompts import SHARED
from workflows.safety.policies.policy import Policy
from workflows.state import Facts, Outline, Section, SectionTask, State
from workflows.text.json_values import (
    MORE_VALUES_REFUSED,
    NUL_REFUSED,
    holds_too_many,
    paths_of_nul,
    with_whole_numbers,
)

InputT = TypeVar("InputT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plan:
    """The outline for readers, and the format's own notes for its prompts (JSON)."""

    outline: Outline
    notes: dict[str, Any] = field(default_factory=dict)


class Format(ABC, Generic[InputT]):
    """A kind of long text. Stateless: an instance serves all runs at once.

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
        """Raises TypeError for a format with half of a capability: on import, before any text is paid for."""
        super().__init_subclass__(**kwargs)
        if (half := find_half_capability(cls)) is not None:
            raise TypeError(half)

    def parse(self, inputs: Mapping[str, Any]) -> InputT:
        """The input, checked by the types of JSON: neither `true` nor `"7"` is a number. Raises InvalidInput that
        names each wrong field."""
        try:
            if holds_too_many(inputs):
                raise InvalidInput.of("input", MORE_VALUES_REFUSED)
            if nul := next(paths_of_nul(inputs, "input"), None):
                raise InvalidInput.of(nul, NUL_REFUSED)
            return _validate(self.Input, inputs)
        except ValidationError as error:
            raise invalid_input(error) from None
        except RecursionError:
            raise InvalidInput.of("input", "is nested too deeply") from None

    def fingerprint(self) -> str:
        """A digest of the format's version and its prompts (files in `prompts/` beside the class)."""
        return f"{self.version}:{_hash_prompts(type(self))}"

    @abstractmethod
    def policy(self, inputs: InputT) -> Policy:
        """The safety policy for these readers."""

    @abstractmethod
    async def plan(self, inputs: InputT, model: Model) -> Plan:
        """The plan: sections with titles, summaries and word targets."""

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


def _validate(model: type[InputT], inputs: Mapping[str, Any]) -> InputT:
    """As JSON, where a date or a tuple of a format's input is what it is there. Raises ValidationError."""
    try:
        return model.model_validate_json(json.dumps(inputs, default=str), strict=True)
    except ValidationError as error:
        kinds = {item["type"] for item in error.errors(include_url=False, include_context=False)}
        if (
            "json_invalid" in kinds
        ):  # half a character, which has no JSON: this way it is named where it stands
            return model.model_validate(inputs, strict=True)
        if "int_type" in kinds:
            whole = json.dumps(with_whole_numbers(inputs), default=str)
            return model.model_validate_json(whole, strict=True)
        raise


def invalid_input(error: ValidationError, root: str = "input") -> InvalidInput:
    """InvalidInput from pydantic's errors: dotted paths below `root`, sentences, no echo of the values."""
    found = tuple(
        FieldError(
            ".".join([root, *(str(part) for part in item["loc"])]),
            describe_fault(item),
        )
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return InvalidInput.of_fields(found)
