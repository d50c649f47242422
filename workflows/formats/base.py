"""The plug-in interface: what a format brings so that the one graph can write it.

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
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from workflows.errors import FieldError, InvalidInput
from workflows.formats.exports import EVERYWHERE, Exporter
from workflows.lookups import Library
from workflows.messages.messages import SafetyIssue
from workflows.models.clients.catalog import Model
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.safety.policy import Policy
from workflows.state import Facts, Finding, Outline, PlannedPiece, Section, SectionTask, State

InputT = TypeVar("InputT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plan:
    """The outline that readers see, and what the format keeps for its own prompts (JSON)."""

    outline: Outline
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PieceText:
    """More text of the piece `name`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should be told while a section is written, such as that there is no search."""

    message: str


class Format(ABC, Generic[InputT]):
    """One kind of long text. Stateless: one instance serves all runs at once."""

    name: ClassVar[str]
    """In URLs, in the database and in `langgraph.json`: lower case, no spaces, never changes."""
    path: ClassVar[str | None] = None
    """How addresses say what is written, such as `stories`; the name is understood there too."""
    title: ClassVar[str]
    """For people."""
    example: ClassVar[Mapping[str, Any]]
    """A worked example of the input, for the docs and the API."""
    Input: type[InputT]
    """The input model. Its field errors are what a caller is told."""
    version: ClassVar[str] = "1"
    """Change it when the same input should give another text; kept results of another version aren't used."""
    default_cache: ClassVar[Literal["use", "refresh", "off"]] = "off"
    """Whether a run that doesn't say takes the kept result of the same request."""
    exports: ClassVar[Mapping[str, Exporter]] = {}
    """The kinds of file that a finished run can be had as, beside Markdown and plain text."""
    monthly_limit: int | None = None
    """How many runs of it a user may have in a month; None: as many as they like. `configure` may set it."""
    max_revisions: ClassVar[int] = 1
    """How often a review may have sections written again. The safety check's rewrites don't count here."""

    length_tolerance: ClassVar[float] = 0.10
    """How far a section may be from its target, as a share of it."""
    facts_section: ClassVar[int | None] = None
    """The section whose `write` also yields the facts. It is written before all others, also in parallel."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError for a format that plans pieces and doesn't write them: found when it is loaded, not
        when a text has been paid for."""
        super().__init_subclass__(**kwargs)
        if cls.plan_pieces is not Format.plan_pieces and cls.write_pieces is Format.write_pieces:
            raise TypeError(f"{cls.__name__} plans pieces and has no write_pieces")

    def parse(self, given: Mapping[str, Any]) -> InputT:
        """The input, checked. Raises InvalidInput that names each wrong field."""
        try:
            return self.Input.model_validate(given)
        except ValidationError as error:
            raise invalid_input(error) from None

    def configure(self, settings: ModelSettings) -> Self:
        """This format as an operator set it up, such as with templates of their own. Called once, at the start."""
        del settings
        return self

    async def resolve(self, given: InputT, library: Library, owner: str) -> InputT:
        """Once, before a run is stored: what the caller referred to becomes part of the input, as it is now.

        So the run doesn't change when a child's profile does. Raises NotFound, InvalidInput.
        """
        del library, owner
        return given

    async def load(self, given: InputT, library: Library, owner: str) -> InputT:
        """Whenever a node works: adds what is too large to be kept with the run, such as a document's text.

        Raises NotFound when it is gone.
        """
        del library, owner
        return given

    def cache_key(self, given: InputT) -> str | None:
        """The same for inputs that may be answered with the same text; None for one that never is."""
        return json.dumps(given.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)

    def part_of(self, given: InputT) -> tuple[str, int] | None:
        """The series that the text belongs to, by id, and its place there: a chapter of a story.

        Failed and cancelled ones aside, a series has one run a place: a second is refused. None: it stands alone.
        """
        del given
        return None

    def fingerprint(self) -> str:
        """The format's version and its prompts (files in `prompts/` beside the class), in short."""
        return f"{self.version}:{_hash_prompts(type(self))}"

    def wish(self, given: InputT) -> dict[str, Any]:
        """What somebody asks for, as the check of inputs reads it before anything is spent.

        A format leaves out what it has looked over itself, such as a document.
        """
        return given.model_dump(mode="json")

    def language(self, given: InputT) -> str:
        """The text's language, as a tag such as `en` or `he`."""
        del given
        return "en"

    def exporters(self) -> Mapping[str, Exporter]:
        """Every kind of file that a finished run can be had as, by name."""
        return {**EVERYWHERE, **self.exports}

    def check_model(self, given: InputT, model: ModelSpec) -> None:
        """Raises InvalidInput when this model can't write this input. Called before anything is spent."""
        del given, model

    @abstractmethod
    def policy(self, given: InputT) -> Policy:
        """The safety policy for these readers."""

    @abstractmethod
    async def plan(self, given: InputT, model: Model) -> Plan:
        """What will be written: sections with titles, summaries and word targets."""

    async def research(self, given: InputT, model: Model) -> Mapping[str, Any] | None:
        """Notes for the prompts of later sections (JSON), made while the first one is written.

        None by default: then the graph has no such node.
        """
        del given, model
        return None

    @abstractmethod
    def write(self, task: SectionTask, model: Model) -> AsyncGenerator[str | Facts | Remark]:
        """The text of one section, as deltas, as it comes from the model.

        The section `facts_section` yields the facts too, once, after its text.
        """

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str] | None:
        """What goes on after `text`, a section that is too short; asked for with `words`. None by default:
        a short section stays short."""
        del task, text, words, model
        return None

    @abstractmethod
    def rewrite(
        self, task: SectionTask, section: Section, issues: list[SafetyIssue], model: Model
    ) -> AsyncGenerator[str]:
        """The section again, without what the safety check or the format's review found fault with."""

    async def review(self, given: InputT, state: State, model: Model) -> list[Finding]:
        """What the finished sections lack by the format's own rules. Nothing by default.

        Called after every pass, a rewrite's too. A finding with `rewrite` has its section written again,
        in one pass for all of them, `max_revisions` times; what is found after that is only reported.
        """
        del given, state, model
        return []

    async def derive(self, given: InputT, state: State, model: Model) -> dict[str, Any]:
        """The format's own results, which end up in `complete`. None by default."""
        del given, state, model
        return {}

    def plan_pieces(self, given: InputT, state: State) -> list[PlannedPiece]:
        """The texts that are made beside the sections, in reading order. None by default."""
        del given, state
        return []

    def write_pieces(
        self, given: InputT, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """Their text, as it comes from the model. Each planned piece must have some; asked for only if any is."""
        raise NotImplementedError

    @abstractmethod
    def metrics(self, given: InputT, state: State) -> dict[str, Any]:
        """`word_count`, `estimated_reading_time` (minutes), `vocabulary_level`,
        `educational_elements`, and the format's own extras. Pure; runs in a thread.

        `repetition` and `lengths` are added to them."""


AnyFormat = Format[Any]


@cache
def _hash_prompts(kind: type[Format[Any]]) -> str:
    folder = Path(inspect.getfile(kind)).parent / "prompts"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
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
