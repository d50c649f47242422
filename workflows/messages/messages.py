"""Messages on the wire: one closed, tagged union. PROTOCOL: docs/protocol.md.

On the wire a message is `{"type": …, "data": {…}}`. Here it is one flat class, named for what happened; `encode` and
`decode` add and take off the envelope. JSON Schema and OpenAPI are made from these models.
"""

from typing import Annotated, Any, ClassVar, Generic, Literal, NotRequired, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

NodeName = Literal[
    "workflow",
    "outline",
    "research",
    "generate_content",
    "derive",
    "safety_check",
    "enhance_content",
    "calculate_metrics",
]
NodeStatus = Literal["started", "completed", "failed", "skipped", "resumed"]
ModelRole = Literal["outline", "writing", "derived", "judge"]
"""What a model is called for."""
RetractReason = Literal["restart", "safety", "revision"]
CheckStage = Literal["input", "sentence", "section", "final"]

# --- parts of messages; those that the state of a graph holds too are plain data ----------------------------------


class _Part(BaseModel):
    """A part of a message. Readers ignore fields that they don't know; none is sent that isn't declared here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedSection(TypedDict):
    """A section of the plan. `index` counts from 0; `target_words` is its word target."""

    index: int
    title: str
    summary: str
    target_words: int


class SafetyIssue(TypedDict):
    """An issue found by a check: `quote` is the passage, `advice` what to do about it."""

    category: str
    severity: Literal["low", "medium", "high"]
    section: NotRequired[int]
    quote: NotRequired[str]
    advice: str


class Source(TypedDict):
    """The source of a fact. `date` as the source gives it; empty strings where unknown."""

    title: str
    publisher: str
    date: str
    url: str


class CallUsage(_Part):
    """Tokens of one model call, which has an `id`, or of all calls of one role, model and section.

    `cost_usd` is left out where the price isn't known. `estimated`: the provider didn't say what it used, so the tokens
    are counted from the text.
    """

    id: str | None = None
    role: str
    model: str
    section: int | None = None
    input_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    estimated: bool | None = None


class SectionResult(_Part):
    """A section of the finished text."""

    index: int
    title: str
    text: str
    words: int


class PieceResult(_Part):
    """A finished derived piece, with the SHA-256 of its own text."""

    name: str
    title: str
    text: str
    words: int
    target_words: int
    sha256: str


class Partial(_Part):
    """The partial result of a run that did not complete."""

    sections_completed: int
    words: int


# --- the messages -------------------------------------------------------------------------------------------------


class _Message(BaseModel):
    """The base of all messages; `type` is the tag on the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]


class NodeChanged(_Message):
    """`node_event`: a node of the graph changed state."""

    type: ClassVar = "node_event"

    node: NodeName
    status: NodeStatus
    section: int | None = None
    title: str | None = None
    attempt: int | None = None
    message: str | None = None


class OutlinePlanned(_Message):
    """`outline`: the plan; sent again, whole, if it changes."""

    type: ClassVar = "outline"

    title: str
    sections: list[PlannedSection]

    @property
    def target_words(self) -> int:
        """Words of the whole text."""
        return sum(section["target_words"] for section in self.sections)


class TextAppended(_Message):
    """`content`: text to append to a section. A section's last chunk has `is_complete`, and may be empty."""

    type: ClassVar = "content"

    section: int
    chunk: str
    is_complete: bool = False
    piece: str | None = None


class TextRetracted(_Message):
    """`retract`: all text of a section is discarded."""

    type: ClassVar = "retract"

    section: int
    reason: RetractReason
    piece: str | None = None


class SafetyChecked(_Message):
    """`safety_check`: a verdict; `score` 0 (unsafe) to 1. `layers` are the checks that ran, `scores` a judge's.

    `marked`: the text stays although it isn't approved, and its issues are shown with it.
    """

    type: ClassVar = "safety_check"

    stage: CheckStage
    approved: bool
    score: float = Field(ge=0, le=1)
    issues: list[SafetyIssue]
    section: int | None = None
    piece: str | None = None
    policy: str | None = None
    layers: list[str] | None = None
    scores: dict[str, float] | None = None
    marked: bool | None = None


class ProgressReported(_Message):
    """`progress`: never goes backwards within an attempt; 100 only with `complete`."""

    type: ClassVar = "progress"

    percent: int = Field(ge=0, le=100)
    words: int
    target_words: int
    eta_seconds: int | None = None
    message: str


class FactsGathered(_Message):
    """`facts`: the fact pack that all sections share."""

    type: ClassVar = "facts"

    canonical_pack: dict[str, Any]
    sources: list[Source]


class UsageUpdated(_Message):
    """`usage`: running totals of the run. Without `cost_usd` a price isn't known; `call` is the increase."""

    type: ClassVar = "usage"

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None
    budget_usd: float | None = None
    estimated: bool | None = None
    call: CallUsage | None = None
    by: list[CallUsage] | None = None


class InputRequested(_Message):
    """`input_required`: the run waits for a person."""

    type: ClassVar = "input_required"

    kind: Literal["outline"]
    payload: OutlinePlanned
    deadline: str | None = None
    """Never set by this service, where a run waits without a limit."""


class MetricsCalculated(_Message):
    """`metadata`: the metrics of the finished text, and the format's own."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: ClassVar = "metadata"

    word_count: int
    estimated_reading_time: float
    vocabulary_level: str
    educational_elements: list[str]


class RunCompleted(_Message):
    """`complete`, terminal: the whole text, its SHA-256 (of the UTF-8 bytes, hex), and the format's own results."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: ClassVar = "complete"

    success: Literal[True] = True
    run_id: str
    title: str
    story_content: str
    sections: list[SectionResult]
    pieces: list[PieceResult] = Field(default_factory=list)
    sha256: str
    metadata: dict[str, Any]
    usage: UsageUpdated
    cached: bool = False


class RunFailed(_Message):
    """`error`, terminal: the error that ended the run. `message` is written for a person."""

    type: ClassVar = "error"

    code: str
    message: str
    retryable: bool
    resumable: bool
    partial: Partial


Message = (
    NodeChanged
    | OutlinePlanned
    | TextAppended
    | TextRetracted
    | SafetyChecked
    | ProgressReported
    | FactsGathered
    | UsageUpdated
    | InputRequested
    | MetricsCalculated
    | RunCompleted
    | RunFailed
)
TERMINAL = frozenset({RunCompleted.type, RunFailed.type})

# --- where text goes ----------------------------------------------------------------------------------------------

Slot = int | str
"""The place of a text: a section by its index, a piece by its name."""


def slot_of(message: TextAppended | TextRetracted) -> Slot:
    """The slot whose text the message changes."""
    return message.section if message.piece is None else message.piece


# --- the envelope -------------------------------------------------------------------------------------------------

EVENT = "story_chunk"
"""The name of every Server-Sent Event."""

TypeT = TypeVar("TypeT")
DataT = TypeVar("DataT")


class Envelope(BaseModel, Generic[TypeT, DataT]):
    """A message as it is sent: `{"type": …, "data": {…}}`."""

    type: TypeT
    data: DataT


StoryChunk: TypeAdapter[Envelope[Any, Any]] = TypeAdapter(
    Annotated[
        Envelope[Literal["node_event"], NodeChanged]
        | Envelope[Literal["outline"], OutlinePlanned]
        | Envelope[Literal["content"], TextAppended]
        | Envelope[Literal["retract"], TextRetracted]
        | Envelope[Literal["safety_check"], SafetyChecked]
        | Envelope[Literal["progress"], ProgressReported]
        | Envelope[Literal["facts"], FactsGathered]
        | Envelope[Literal["usage"], UsageUpdated]
        | Envelope[Literal["input_required"], InputRequested]
        | Envelope[Literal["metadata"], MetricsCalculated]
        | Envelope[Literal["complete"], RunCompleted]
        | Envelope[Literal["error"], RunFailed],
        Field(discriminator="type"),
    ]
)


def encode(message: Message) -> bytes:
    """A JSON object on one line, UTF-8, without the fields that are not set."""
    data = message.model_dump_json(exclude_none=True).encode()
    return b'{"type":"%s","data":%s}' % (message.type.encode(), data)


def decode(line: bytes | str) -> Message:
    """The message of one line. Raises pydantic's ValidationError for anything that isn't one."""
    message: Message = StoryChunk.validate_json(line).data
    return message
