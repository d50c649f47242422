"""Cursor paging: one item more than a page holds is fetched, which shows whether there is another page."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def page_of(found: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The page, of at most `limit` items, and the cursor of the next one; None when this is the last."""
    page = found[:limit]
    return page, cursor_of(page[-1]) if len(found) > limit else None
