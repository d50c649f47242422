"""What a format may be able to do beside the six things that every format does.

A format has a capability when it has its members; nothing is registered or inherited. Whoever asks for one takes
`defaults.py`, which also says what holds for a format without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from typing_extensions import get_protocol_members

if TYPE_CHECKING:  # a second of imports, which whoever only reads the settings does without
    from collections.abc import AsyncGenerator, Mapping

    from workflows.formats.exports import Exporter
    from workflows.formats.pieces import PieceText, SectionNotes
    from workflows.formats.settings import FormatSettings
    from workflows.lookups import Lookups
    from workflows.models.clients.catalog import Model
    from workflows.models.spec import ModelSpec
    from workflows.state import PlannedPiece, ReviewFinding, Section, SectionTask, State

CacheMode = Literal["use", "refresh", "off"]


@runtime_checkable
class Configurable(Protocol):
    """Settings of its own, such as a folder of templates."""

    Settings: ClassVar[type[FormatSettings]]

    def configure(self, settings: Any) -> Self:
        """The format as an operator set it up with `Settings`. Called once, at the start."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """References in the input, such as a child's id."""

    async def resolve(self, inputs: Any, lookups: Lookups, owner: str) -> Any:
        """The input with what it refers to in it, as that is now: the run doesn't change when a profile does.

        Called once, before a run is stored. Raises NotFound, InvalidInput.
        """
        ...


@runtime_checkable
class Loads(Protocol):
    """References to what is too large to be stored with every run, such as a document."""

    async def load(self, inputs: Any, lookups: Lookups, owner: str) -> Any:
        """The input with the text in it. Called whenever a node works. Raises NotFound when it is gone."""
        ...


@runtime_checkable
class ScreensOwnText(Protocol):
    """Text in the input that is not screened as a request, because the format looks it over itself."""

    def text_to_screen(self, inputs: Any) -> dict[str, Any]:
        """The part of the input that the check of inputs reads before anything is spent."""
        ...


@runtime_checkable
class ChecksModel(Protocol):
    """A limit to the models that can write it."""

    def check_model(self, inputs: Any, model: ModelSpec) -> None:
        """Raises InvalidInput when this model can't write this input. Called before anything is spent."""
        ...


@runtime_checkable
class AdaptsToModel(Protocol):
    """Another way of writing for another kind of model."""

    def for_model(self, model: Model) -> Any:
        """The format that writes with this model: itself, or a variant of the same name and input."""
        ...


@runtime_checkable
class Multilingual(Protocol):
    """Texts in more than one language."""

    def language(self, inputs: Any) -> str:
        """The text's language, as a tag such as `en` or `he`."""
        ...


@runtime_checkable
class BelongsToSeries(Protocol):
    """Texts that go on from one another, such as chapters."""

    def part_of(self, inputs: Any) -> tuple[str, int] | None:
        """The series that the text belongs to, by id, and its place there. None: it stands alone.

        Failed and cancelled ones aside, a series has one run a place: a second is refused.
        """
        ...


@runtime_checkable
class Cached(Protocol):
    """An idea of its own of which inputs the same text may answer."""

    def cache_key(self, inputs: Any) -> str | None:
        """The same for inputs that may be answered with the same text; None for one that never is."""
        ...


@runtime_checkable
class CachedByDefault(Protocol):
    """Kept results also for runs that don't ask for them."""

    @property
    def default_cache(self) -> CacheMode:
        """Whether a run that doesn't say takes the kept result of the same request."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A monthly quota."""

    @property
    def monthly_limit(self) -> int | None:
        """How many runs of it a user may have in a month; None: as many as they like."""
        ...


@runtime_checkable
class Researches(Protocol):
    """Research beside the first section. Without it the graph has no such node."""

    async def research(self, inputs: Any, model: Model) -> Mapping[str, Any] | None:
        """Notes for the prompts of later sections (JSON), made while the first one is written."""
        ...


@runtime_checkable
class BringsFacts(Protocol):
    """Facts that all sections share, found or made with one of them."""

    @property
    def facts_section(self) -> int | None:
        """The section whose `write` yields `Facts` after its text. It is written before all others."""
        ...


@runtime_checkable
class SetsTolerance(Protocol):
    """Its own idea of how exactly lengths are kept."""

    @property
    def length_tolerance(self) -> float:
        """How far a section may be from its target, as a share of it."""
        ...


@runtime_checkable
class SetsLeastRoom(Protocol):
    """A least room for short sections, of which a share is less than a sentence."""

    @property
    def least_room(self) -> int:
        """Words that a section may always be off its target, to either side."""
        ...


@runtime_checkable
class SetsContext(Protocol):
    """Its own idea of how much of the text so far a section is shown."""

    @property
    def context_words(self) -> int:
        """Words up to which a section is shown the whole text before it."""
        ...


@runtime_checkable
class Lands(Protocol):
    """Endings of its own for sections that run over. Without it they are ended as `Extends` goes on with one."""

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """What brings the section home after `text`, in `words`: all that the plan says still has to happen."""
        ...


@runtime_checkable
class Extends(Protocol):
    """Continuations of sections that came out too short. Without it they stay short."""

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str]:
        """What goes on after `text`; asked for with `words`."""
        ...


@runtime_checkable
class Reviews(Protocol):
    """Rules of its own for the finished text."""

    async def review(self, inputs: Any, state: State, model: Model) -> list[ReviewFinding]:
        """What the finished sections lack by the format's own rules.

        Called after every pass, a rewrite's too. A finding with `rewrite` has its section written again,
        in one pass for all of them, once (`LimitsRevisions`); what is found after that is only reported.
        """
        ...


@runtime_checkable
class ReviewsSections(Protocol):
    """Rules for a section by itself, which hold before anything is written after it."""

    async def review_section(
        self, inputs: Any, task: SectionTask, section: Section, model: Model
    ) -> list[ReviewFinding]:
        """What a section lacks that has just been written. One with a finding to `rewrite` is written again, once,
        before the next one begins; with several sections at a time there is only `review`."""
        ...


@runtime_checkable
class LimitsRevisions(Protocol):
    """Another number of revisions than one."""

    @property
    def max_revisions(self) -> int:
        """How often a review may have sections written again. The safety check's rewrites don't count here."""
        ...


@runtime_checkable
class Derives(Protocol):
    """Results beside the text, such as a story's choices."""

    async def derive(self, inputs: Any, state: State, model: Model) -> dict[str, Any]:
        """The format's own results, which end up in `complete`."""
        ...


@runtime_checkable
class MakesPieces(Protocol):
    """Texts of their own beside the sections, such as an episode's short forms."""

    def plan_pieces(self, inputs: Any, state: State) -> list[PlannedPiece]:
        """The pieces, in reading order."""
        ...

    def write_pieces(
        self, inputs: Any, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """Their text, as it comes from the model. Each planned piece must have some; asked for only if any is."""
        ...


@runtime_checkable
class Exports(Protocol):
    """Kinds of file beside Markdown and plain text."""

    @property
    def exports(self) -> Mapping[str, Exporter]:
        """The kinds of file, by the name that a caller asks for."""
        ...


CAPABILITIES: tuple[type, ...] = (
    AdaptsToModel,
    BelongsToSeries,
    BringsFacts,
    Cached,
    CachedByDefault,
    ChecksModel,
    Configurable,
    Derives,
    Exports,
    Extends,
    Lands,
    LimitsRevisions,
    Limited,
    Loads,
    LooksUp,
    MakesPieces,
    Multilingual,
    Researches,
    Reviews,
    ReviewsSections,
    ScreensOwnText,
    SetsContext,
    SetsLeastRoom,
    SetsTolerance,
)


def capabilities_of(format: object) -> set[str]:
    """The names of the capabilities that a format has."""
    return {capability.__name__ for capability in CAPABILITIES if isinstance(format, capability)}


def find_half_capability(kind: type) -> str | None:
    """A sentence on a capability of which a class has some members and not all; None if there is none."""
    for capability in CAPABILITIES:
        members = get_protocol_members(capability)
        missing = sorted(name for name in members if not hasattr(kind, name))
        if missing and len(missing) < len(members):
            there = " and ".join(sorted(members - set(missing)))
            return f"{kind.__name__} has {there} but no {' and '.join(missing)} ({capability.__name__})."
    return None
