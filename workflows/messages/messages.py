"""The messages on the wire: one closed, tagged union. PROTOCOL: docs/protocol.md.

Everything else that describes them (JSON Schema, OpenAPI, docs) is made from these models.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

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


class _Data(BaseModel):
    """Readers ignore fields that they don't know; we send none that isn't declared here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _OpenData(BaseModel):
    """As `_Data`, with a format's own fields beside the declared ones."""

    model_config = ConfigDict(frozen=True, extra="allow")


class NodeEventData(_Data):
    """A node of the graph changed state."""

    node: NodeName
    status: NodeStatus
    section: int | None = None
    title: str | None = None
    attempt: int | None = None
    message: str | None = None


class OutlineSectionData(_Data):
    """One section of the plan; `index` counts from 0."""

    index: int
    title: str
    summary: str
    target_words: int


class OutlineData(_Data):
    """The plan; sent again, whole, if it changes."""

    title: str
    sections: list[OutlineSectionData]


class ContentData(_Data):
    """Text to append to a section. A section's last chunk has `is_complete`, and may be empty."""

    section: int
    chunk: str
    is_complete: bool = False
    piece: str | None = None


class RetractData(_Data):
    """Forget all text of that section."""

    section: int
    reason: Literal["restart", "safety", "revision"]
    piece: str | None = None


Slot = int | str
"""Where text goes: a section by its index, a piece by its name."""


def slot_of(data: ContentData | RetractData) -> Slot:
    """Where the text of this message goes."""
    return data.section if data.piece is None else data.piece


class SafetyIssue(_Data):
    """What a check found, where, and what to do about it."""

    category: str
    severity: Literal["low", "medium", "high"]
    section: int | None = None
    quote: str | None = None
    advice: str


class SafetyCheckData(_Data):
    """A verdict; `score` 0 (unsafe) to 1. `layers` are the checks that ran, `scores` a judge's, 0 to 1."""

    stage: Literal["input", "sentence", "section", "final"]
    approved: bool
    score: float = Field(ge=0, le=1)
    issues: list[SafetyIssue]
    section: int | None = None
    piece: str | None = None
    policy: str | None = None
    layers: list[str] | None = None
    scores: dict[str, float] | None = None


class ProgressData(_Data):
    """How far the run is. Never goes backwards within an attempt; 100 only with `complete`."""

    percent: int = Field(ge=0, le=100)
    words: int
    target_words: int
    eta_seconds: int | None = None
    message: str


class Source(_Data):
    """Where a fact comes from."""

    title: str
    publisher: str
    date: str
    url: str


class FactsData(_Data):
    """The fact pack that all sections share."""

    canonical_pack: dict[str, Any]
    sources: list[Source]


class UsagePart(_Data):
    """Tokens of one call, which has an `id`, or of all calls of one role, model and section."""

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


class UsageData(_Data):
    """Running totals of the run. Without `cost_usd` a price isn't known; `call` is what they grew by."""

    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None
    budget_usd: float | None = None
    estimated: bool | None = None
    call: UsagePart | None = None
    by: list[UsagePart] | None = None


class InputRequiredData(_Data):
    """The run waits for a person."""

    kind: Literal["outline"]
    payload: OutlineData
    deadline: str | None = None


class MetadataData(_OpenData):
    """The metrics of the finished text, and the format's own."""

    word_count: int
    estimated_reading_time: float
    vocabulary_level: str
    educational_elements: list[str]


class SectionResult(_Data):
    """A section of the finished text."""

    index: int
    title: str
    text: str
    words: int


class PieceResult(_Data):
    """A finished text beside the story, with the SHA-256 of its own text."""

    name: str
    title: str
    text: str
    words: int
    target_words: int
    sha256: str


class CompleteData(_OpenData):
    """Terminal: the whole text, its SHA-256 (of the UTF-8 bytes, hex), and the format's own results."""

    success: Literal[True] = True
    run_id: str
    title: str
    story_content: str
    sections: list[SectionResult]
    pieces: list[PieceResult] = Field(default_factory=list)
    sha256: str
    metadata: dict[str, Any]
    usage: UsageData
    cached: bool = False


class Partial(_Data):
    """What there is of a run that did not end well."""

    sections_completed: int
    words: int


class ErrorData(_Data):
    """Terminal: why the run ended. `message` is written for a person."""

    code: str
    message: str
    retryable: bool
    resumable: bool
    partial: Partial


class NodeEvent(BaseModel):
    """`node_event`"""

    type: Literal["node_event"] = "node_event"
    data: NodeEventData


class OutlineMessage(BaseModel):
    """`outline`"""

    type: Literal["outline"] = "outline"
    data: OutlineData


class Content(BaseModel):
    """`content`"""

    type: Literal["content"] = "content"
    data: ContentData


class Retract(BaseModel):
    """`retract`"""

    type: Literal["retract"] = "retract"
    data: RetractData


class SafetyCheck(BaseModel):
    """`safety_check`"""

    type: Literal["safety_check"] = "safety_check"
    data: SafetyCheckData


class Progress(BaseModel):
    """`progress`"""

    type: Literal["progress"] = "progress"
    data: ProgressData


class Facts(BaseModel):
    """`facts`"""

    type: Literal["facts"] = "facts"
    data: FactsData


class Usage(BaseModel):
    """`usage`"""

    type: Literal["usage"] = "usage"
    data: UsageData


class InputRequired(BaseModel):
    """`input_required`"""

    type: Literal["input_required"] = "input_required"
    data: InputRequiredData


class Metadata(BaseModel):
    """`metadata`"""

    type: Literal["metadata"] = "metadata"
    data: MetadataData


class Complete(BaseModel):
    """`complete`"""

    type: Literal["complete"] = "complete"
    data: CompleteData


class Error(BaseModel):
    """`error`"""

    type: Literal["error"] = "error"
    data: ErrorData


Message = (
    NodeEvent
    | OutlineMessage
    | Content
    | Retract
    | SafetyCheck
    | Progress
    | Facts
    | Usage
    | InputRequired
    | Metadata
    | Complete
    | Error
)
StoryChunk: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])

EVENT = "story_chunk"
"""The name of every Server-Sent Event."""
TERMINAL = frozenset({"complete", "error"})


def encode(message: Message) -> bytes:
    """One JSON object on one line, without the fields that are not set."""
    return message.model_dump_json(exclude_none=True).encode()


def decode(line: bytes | str) -> Message:
    """Raises pydantic's ValidationError for anything that isn't a message."""
    return StoryChunk.validate_json(line)
