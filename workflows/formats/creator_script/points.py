"""Conflicts among key points: duplicates, contradictions, or too many. Pure."""

from collections.abc import Iterator, Sequence

from workflows.errors import FieldError
from workflows.formats.creator_script.input import KeyPoint
from workflows.formats.creator_script.timing import MIN_POINT_SECONDS
from workflows.text.metrics.coverage import similarity, undenied_stems
from workflows.text.metrics.denials import count_denials
from workflows.text.stems import stem

_ALIKE = 0.8
_OPPOSITES = (
    "buy sell", "good bad", "best worst", "better worse", "increase decrease",
    "start stop", "safe dangerous", "cheap expensive", "easy hard", "fast slow", "true false",
    "first last", "open close", "enable disable", "win lose", "rise fall", "add remove", "healthy unhealthy",
)  # fmt: skip
_CONTRARY = {frozenset(map(stem, pair.split())) for pair in _OPPOSITES}


def find_conflicts(points: Sequence[KeyPoint]) -> list[FieldError]:
    """The points that conflict with an earlier one, by their fields."""
    return [error for later in range(len(points)) for error in _against_earlier(points, later)]


def find_overflow(points: Sequence[KeyPoint], content_seconds: int) -> FieldError | None:
    """`must` points beyond those that fit into the time."""
    musts = sum(point.priority == "must" for point in points)
    most = content_seconds // MIN_POINT_SECONDS
    if musts <= most:
        return None
    return FieldError(
        "input.key_points",
        f"{musts} must points don't fit: in {content_seconds} seconds of content there is room for {most}, "
        f"at {MIN_POINT_SECONDS} seconds each. Give the video more time, or mark some as should",
    )


def _against_earlier(points: Sequence[KeyPoint], later: int) -> Iterator[FieldError]:
    point = points[later]
    for earlier, other in enumerate(points[:later]):
        if (said := _compare(other, point, earlier)) is not None:
            yield FieldError(f"input.key_points.{later}.text", said)
            return


def _compare(first: KeyPoint, second: KeyPoint, index: int) -> str | None:
    stems, others = undenied_stems(first.text), undenied_stems(second.text)
    alike = similarity(stems, others)
    turned = count_denials(first.text) % 2 != count_denials(second.text) % 2
    if (alike >= _ALIKE and turned) or (
        frozenset(stems ^ others) in _CONTRARY and not turned and stems & others
    ):
        return f"says the contrary of input.key_points.{index}; keep one of them"
    if alike < _ALIKE:
        return None
    if first.priority != second.priority:
        return (
            f"says the same as input.key_points.{index}, as {second.priority} here and {first.priority} there; "
            "keep one of them"
        )
    return f"says the same as input.key_points.{index}; say it once"
