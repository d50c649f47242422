"""Batches of ids, for what is read or deleted a few at a time; one statement takes any number (`json_sql.among`)."""

from collections.abc import Iterator, Sequence

AT_ONCE = 500


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, at most 500 at a time."""
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
