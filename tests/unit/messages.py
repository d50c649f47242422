"""Messages to test with: short ways to say the frequent ones, and one of every type."""

from backend.log.entry import Entry
from workflows.messages.messages import (
    FactsGathered,
    InputRequested,
    Message,
    MetricsCalculated,
    NodeChanged,
    NodeStatus,
    OutlinePlanned,
    Partial,
    PlannedSection,
    ProgressReported,
    RunCompleted,
    RunFailed,
    SafetyChecked,
    SafetyIssue,
    SectionResult,
    Source,
    TextAppended,
    TextRetracted,
    UsageUpdated,
    encode,
)

USAGE = UsageUpdated(model="openai:test", input_tokens=120, output_tokens=34, cost_usd=0.5)
OUTLINE = OutlinePlanned(
    title="The Lamp",
    sections=[
        PlannedSection(index=0, title="Dusk", summary="It goes out.", target_words=90),
        PlannedSection(index=1, title="Dawn", summary="It burns.", target_words=90),
    ],
)


def content(section: int, chunk: str, *, ends: bool = False, piece: str | None = None) -> TextAppended:
    """Text of a section; `ends` makes it the section's last."""
    return TextAppended(section=section, chunk=chunk, is_complete=ends, piece=piece)


def retract(section: int, piece: str | None = None) -> TextRetracted:
    """Forget that section."""
    return TextRetracted(section=section, reason="restart", piece=piece)


def workflow(status: NodeStatus, attempt: int = 1) -> NodeChanged:
    """The run itself changed state."""
    return NodeChanged(node="workflow", status=status, attempt=attempt)


def error(code: str = "MODEL_UNAVAILABLE") -> RunFailed:
    """The run broke, and may go on."""
    partial = Partial(sections_completed=1, words=12)
    return RunFailed(code=code, message="It broke off.", retryable=True, resumable=True, partial=partial)


def complete(text: str = "Once.") -> RunCompleted:
    """The run is done."""
    return RunCompleted(
        run_id="01J00000000000000000000000",
        title="The Lamp",
        story_content=text,
        sections=[SectionResult(index=0, title="Dusk", text=text, words=1)],
        sha256="0" * 64,
        metadata={"word_count": 1},
        usage=USAGE,
    )


def progress(percent: int, words: int = 0) -> ProgressReported:
    """How far the run is."""
    return ProgressReported(percent=percent, words=words, target_words=180, message="Writing")


EVERY_TYPE: tuple[Message, ...] = (
    NodeChanged(node="generate_content", status="started", section=2, message="Loading"),
    OUTLINE,
    content(1, "Once upon", ends=True, piece="M1"),
    retract(3, piece="R2"),
    SafetyChecked(
        stage="final",
        approved=False,
        score=0.4,
        issues=[
            SafetyIssue(category="violence", severity="high", section=1, quote="a knife", advice="Leave it")
        ],
    ),
    progress(42, 100),
    FactsGathered(
        canonical_pack={"height": 8848},
        sources=[Source(title="A", publisher="B", date="2024-01-02", url="https://example.org/")],
    ),
    USAGE,
    InputRequested(kind="outline", payload=OUTLINE),
    MetricsCalculated.model_validate(
        {
            "word_count": 400,
            "estimated_reading_time": 3.5,
            "vocabulary_level": "beginner",
            "educational_elements": ["tides"],
            "repetition": 0.01,
        }
    ),
    complete(),
    error(),
)


def number(*messages: Message) -> list[Entry]:
    """The messages as a run's log has them."""
    return [Entry(seq, message.type, encode(message)) for seq, message in enumerate(messages, 1)]
