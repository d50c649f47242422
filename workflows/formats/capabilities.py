"""Optional capabilities of a format, beyond what every format has (`base.py`).

A format has a capability when it has its members; nothing is registered or inherited. Whoever asks for one takes
`defaults.py`, which also says what holds for a format without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from typing_extensions import get_protocol_members

if TYPE_CHECKING:  # a second of imports, which whoever only reads the settings does without
    from collections.abc import AsyncGenerator, Mapping

    from workflows.formats.exports import Exporter
    from workflows.formats.form import Presentation
    from workflows.formats.pieces import PieceText, SectionNotes
    from workflows.formats.settings import FormatSettings
    from workflows.lookups import Lookups
    from workflows.models.clients.catalog import Model
    from workflows.models.parameters import RoleParameters
    from workflows.models.spec import ModelSpec
    from workflows.state import OpenPiece, PlannedPiece, SectionTask, State
    from workflows.verdicts import ReviewFinding

CacheMode = Literal["use", "refresh", "off"]


@runtime_checkable
class Configurable(Protocol):
    """Capability: settings of its own, such as a folder of templates."""

    Settings: ClassVar[type[FormatSettings]]

    def configure(self, settings: Any) -> Self:
        """The format configured with its `Settings`. Called once, at the start."""


@runtime_checkable
class LooksUp(Protocol):
    """Capability: references in the input, such as a child's id."""

    async def resolve(self, inputs: Any, lookups: Lookups, owner: str) -> Any:
        """The input with its references resolved to their present values, which the run keeps.

        Called once, before a run is stored. Raises NotFound, InvalidInput.
        """


@runtime_checkable
class Loads(Protocol):
    """Capability: references to data too large to be stored with every run, such as a document."""

    async def load(self, inputs: Any, lookups: Lookups, owner: str) -> Any:
        """The input with the text loaded. Called whenever a node works. Raises NotFound when it is gone."""


@runtime_checkable
class ScreensOwnText(Protocol):
    """Capability: text in the input that the format screens by itself, in place of the check of inputs."""

    def text_to_screen(self, inputs: Any) -> dict[str, Any]:
        """The part of the input that the check of inputs screens before anything is spent."""


@runtime_checkable
class ChecksModel(Protocol):
    """Capability: requirements on the models that can write it."""

    def check_model(self, inputs: Any, model: ModelSpec) -> None:
        """Raises InvalidInput when this model can't write this input. Called before anything is spent."""


@runtime_checkable
class AdaptsToModel(Protocol):
    """Capability: variants for kinds of models."""

    def for_model(self, model: Model) -> Any:
        """The format for this model: itself, or a variant of the same name and input."""


@runtime_checkable
class Multilingual(Protocol):
    """Capability: texts in more than one language."""

    def language(self, inputs: Any) -> str:
        """The text's language, as a tag such as `en` or `he`."""


@runtime_checkable
class BelongsToSeries(Protocol):
    """Capability: texts that continue one another, such as chapters."""

    def part_of(self, inputs: Any) -> tuple[str, int] | None:
        """The series that the text belongs to, by id, and its place there. None: it stands alone.

        Failed and cancelled ones aside, a series has one run a place: a second is refused.
        """


@runtime_checkable
class RecapsSeries(Protocol):
    """Capability: inputs that hold recaps of earlier parts of their series, such as summaries of chapters."""

    def without_part(self, stored: Mapping[str, Any], number: int) -> Mapping[str, Any]:
        """A stored input without its recap of that part, which is being deleted. It is given as JSON, since it may be
        one that an earlier release took, or another format's that names the series."""


@runtime_checkable
class Cached(Protocol):
    """Capability: cache keys of its own, which decide which inputs may share a text."""

    def cache_key(self, inputs: Any) -> str | None:
        """A key that is equal for inputs that may share a text; None for one that never does."""


@runtime_checkable
class CachedByDefault(Protocol):
    """Capability: cached results also for runs without a cache option."""

    @property
    def default_cache(self) -> CacheMode:
        """Whether a run without a cache option takes a cached result."""


@runtime_checkable
class Limited(Protocol):
    """Capability: a monthly quota."""

    @property
    def monthly_limit(self) -> int | None:
        """The number of runs that a user may start in a month; None: unlimited."""


@runtime_checkable
class Researches(Protocol):
    """Capability: research beside the first section. Without it the graph has no such node."""

    async def research(self, inputs: Any, model: Model) -> Mapping[str, Any] | None:
        """Notes for the prompts of later sections (JSON), made while the first one is written."""


@runtime_checkable
class BringsFacts(Protocol):
    """Capability: facts shared by all sections, found or made with one of them."""

    @property
    def facts_section(self) -> int | None:
        """The section whose `write` yields `Facts` after its text. It is written before all others."""


@runtime_checkable
class SetsParameters(Protocol):
    """Capability: parameters of its own for model calls, such as a temperature."""

    @property
    def parameters(self) -> RoleParameters:
        """The parameters by role, where the settings give none."""


@runtime_checkable
class SetsTolerance(Protocol):
    """Capability: a length tolerance of its own."""

    @property
    def length_tolerance(self) -> float:
        """The accepted deviation of a section from its target, as a share of it."""


@runtime_checkable
class SetsLeastRoom(Protocol):
    """Capability: a least room for short sections, of which a share is less than a sentence."""

    @property
    def least_room(self) -> int:
        """Words that a section may always be off its target, to either side."""


@runtime_checkable
class SetsContext(Protocol):
    """Capability: an amount of its own of the text so far that a section is shown."""

    @property
    def context_words(self) -> int:
        """Words up to which a section is shown the whole text before it."""


@runtime_checkable
class SetsReviewShare(Protocol):
    """Capability: an estimate of how long its review of the finished text takes, where that is long."""

    def review_share(self, *, judges: bool) -> float | None:
        """The time of the review as a share of the time of all writing, before any was measured; None for a short one.
        `judges`: a judge is configured."""


@runtime_checkable
class SetsSectionReviewShare(Protocol):
    """Capability: an estimate of how long its review of a section takes that has just been written, where that is
    long. With one section at a time it stands in for the review of the whole."""

    def section_review_share(self, *, judges: bool) -> float | None:
        """The time of the review as a share of the time of the section's writing, before any was measured; None for a
        short one. `judges`: a judge is configured."""


@runtime_checkable
class ForecastsLength(Protocol):
    """Capability: an estimate of the text's length before it is planned, for a quote of its cost."""

    def expected_words(self, inputs: Any) -> int:
        """About how many words the text will have, with the pieces beside it. Pure; no model is called."""


@runtime_checkable
class ForecastsFacts(Protocol):
    """Capability: an estimate of the words that its facts take to write, for the progress of a run."""

    def facts_words(self, inputs: Any) -> int:
        """About how many words of facts are written before the first section, or after it before the second begins.
        Pure; no model is called."""


@runtime_checkable
class ForecastsWork(Protocol):
    """Capability: an estimate of what is written before and after the text, for the progress of a run. No model is
    called."""

    def plan_words(self, inputs: Any) -> int:
        """About how many words a model writes for the plan, the names of its fields too."""

    def results_words(self, inputs: Any) -> int:
        """The same of what is derived from the text, without pieces."""


@runtime_checkable
class Lands(Protocol):
    """Capability: endings of its own for sections that run over. Without it `Extends` ends them."""

    def land(
        self, task: SectionTask, text: str, words: int, model: Model
    ) -> AsyncGenerator[str | SectionNotes]:
        """What brings the section home after `text`, in `words`: all that the plan says still has to happen."""


@runtime_checkable
class Extends(Protocol):
    """Capability: continuations of sections that came out too short. Without it they stay short."""

    def extend(self, task: SectionTask, text: str, words: int, model: Model) -> AsyncGenerator[str]:
        """The continuation of `text`, about `words` long."""


@runtime_checkable
class Reviews(Protocol):
    """Capability: a review of the finished text by rules of its own."""

    async def review(self, inputs: Any, state: State, model: Model) -> list[ReviewFinding]:
        """Findings on the finished sections by the format's own rules.

        Called after every pass, a rewrite's too. A finding with `rewrite` has its section written again,
        in one pass for all of them, once (`LimitsRevisions`); what is found after that is only reported.
        What `Reviewed` findings measured is in the state of the next review, and of `metrics` (`reviewed`).
        """


@runtime_checkable
class ReviewsSections(Protocol):
    """Capability: rules for a section by itself, which hold before anything is written after it."""

    async def review_section(
        self, inputs: Any, state: State, index: int, model: Model
    ) -> list[ReviewFinding]:
        """What the section `index` lacks that has just been written, beside all before it: `state` has no other
        sections. One with a finding to `rewrite` is written again, once, before the next one begins; with several
        sections at a time there is only `review`. What `Reviewed` findings measured takes the place of what is in
        `state["reviewed"]`. Where the model gives no answer, the section is left to `review`."""


@runtime_checkable
class LimitsRevisions(Protocol):
    """Capability: a number of revisions other than one."""

    @property
    def max_revisions(self) -> int:
        """The number of times that a review may have sections rewritten. Rewrites for safety don't count here."""


@runtime_checkable
class Derives(Protocol):
    """Capability: results derived from the text, such as a story's choices."""

    async def derive(self, inputs: Any, state: State, model: Model) -> dict[str, Any]:
        """The format's own results, which become part of `complete`."""


@runtime_checkable
class MakesPieces(Protocol):
    """Capability: pieces, texts of their own beside the sections, such as an episode's short forms."""

    def plan_pieces(self, inputs: Any, state: State) -> list[PlannedPiece]:
        """The pieces, in reading order."""

    def write_pieces(
        self, inputs: Any, state: State, pieces: list[PlannedPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """The text of the pieces, streamed from the model; some for each. Called only if any are planned."""


@runtime_checkable
class LandsPieces(Protocol):
    """Capability: endings for pieces that ran over or are too short. Without it they stay as written."""

    def land_pieces(
        self, inputs: Any, state: State, open_pieces: list[OpenPiece], model: Model
    ) -> AsyncGenerator[PieceText]:
        """What brings each of these pieces home after its text, in one call for all."""


@runtime_checkable
class Exports(Protocol):
    """Capability: exports as kinds of file beside Markdown and plain text."""

    @property
    def exports(self) -> Mapping[str, Exporter]:
        """The exporters by name."""


@runtime_checkable
class Presents(Protocol):
    """Capability: hints for user interfaces, such as labels, groups and widgets of its form."""

    @property
    def presentation(self) -> Presentation:
        """The hints. Without them a form follows from the schema of the input."""


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
    ForecastsFacts,
    ForecastsWork,
    ForecastsLength,
    Lands,
    LandsPieces,
    LimitsRevisions,
    Limited,
    Loads,
    LooksUp,
    MakesPieces,
    Multilingual,
    Presents,
    RecapsSeries,
    Researches,
    Reviews,
    ReviewsSections,
    ScreensOwnText,
    SetsContext,
    SetsLeastRoom,
    SetsParameters,
    SetsReviewShare,
    SetsSectionReviewShare,
    SetsTolerance,
)


def find_half_capability(kind: type) -> str | None:
    """A sentence about a capability of which a class has only some members; None if there is none."""
    for capability in CAPABILITIES:
        members = get_protocol_members(capability)
        missing = sorted(name for name in members if not hasattr(kind, name))
        if missing and len(missing) < len(members):
            there = " and ".join(sorted(members - set(missing)))
            return f"{kind.__name__} has {there} but no {' and '.join(missing)} ({capability.__name__})."
    return None
