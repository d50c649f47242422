"""Pages of rows, newest first."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select

_S = TypeVar("_S", bound=Select[Any])


def newest_first(query: _S, key: ColumnElement[str], before: str | None, limit: int | None) -> _S:
    """A page of the query's rows by descending `key`; `before` is the last key of the previous page. Ids sort by
    time."""
    page = query.order_by(key.desc()).limit(limit)
    return page if before is None else page.where(key < before)
