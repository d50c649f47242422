"""SQL over JSON that SQLAlchemy has no words of its own for."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, Text, column, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _WithoutKeys(FunctionElement[Any]):
    """The arguments are the column and the keys."""

    name = "without_keys"
    type = JSON()
    inherit_cache = True


def without_keys(column: ColumnElement[Any], keys: Iterable[str]) -> ColumnElement[Any]:
    """The object in a JSON column without these keys; null where it is null."""
    return _WithoutKeys(column, *sorted(keys))


@compiles(_WithoutKeys, "sqlite")
def _in_sqlite(element: _WithoutKeys, compiler: Any, **options: Any) -> str:
    column, *keys = element.clauses
    return str(compiler.process(func.json_remove(column, *(f"$.{key.value}" for key in keys)), **options))


@compiles(_WithoutKeys, "postgresql")
def _in_postgresql(element: _WithoutKeys, compiler: Any, **options: Any) -> str:
    column, *keys = (compiler.process(each, **options) for each in element.clauses)
    # Not by way of jsonb, which refuses some characters and rounds numbers.
    return (
        f"CASE WHEN json_typeof({column}) = 'object' THEN (SELECT json_object_agg(each.key, each.value)"
        f" FROM json_each({column}) AS each WHERE each.key NOT IN ({', '.join(keys)})) END"
    )


class _Elements(FunctionElement[Any]):
    """The strings of a JSON list, a row each; the argument is the list as text."""

    name = "elements"
    inherit_cache = True


def among(values: Iterable[str]) -> Select[tuple[str]]:
    """The values as rows, for `column.in_(…)`. They are bound as one value: no statement is too long for them, nor
    need a transaction have hundreds of statements."""
    rows = _Elements(literal(json.dumps(list(values)))).table_valued(column("value", Text))
    return select(rows.c.value)


@compiles(_Elements, "sqlite")
def _elements_in_sqlite(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Elements, "postgresql")
def _elements_in_postgresql(element: _Elements, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"
