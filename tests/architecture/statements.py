"""Statements of SQL in the source, as they are written: which tables each asks, and whether it says whose rows.

A statement is what begins with `select`, `update`, `delete` or `exists`; it is read with the names that it is made of,
and with what its function makes of it afterwards.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_STARTERS = frozenset({"select", "update", "delete", "exists", "moving", "delete_runs", "_one"})
"""Of SQLAlchemy, and ours that take conditions."""
_JOINS = ("join", "outerjoin", "select_from")
_COMPARED = frozenset({"in_", "is_", "is_not", "is_not_distinct_from", "is_distinct_from"})
_FROM = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:ONLY\s+)?(\{\}|\w+)", re.IGNORECASE)
_SQL = re.compile(r"\s*\(?(?:WITH|SELECT|INSERT|UPDATE|DELETE)\b")


@dataclass(frozen=True)
class Statement:
    """A statement: where it stands, the tables that it asks (`found`: those that surely are tables), and those whose
    owner it says. An owner that is compared with another table's is said where that one's is."""

    place: str
    line: int
    tables: frozenset[str]
    found: frozenset[str]
    owned: frozenset[str]


@dataclass(frozen=True)
class Source:
    """A module of the source."""

    name: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path, root: Path) -> "Source":
        """The module of a file."""
        return cls(str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8")))

    def statements(self) -> Iterator[Statement]:
        """Its statements in SQLAlchemy."""
        for place, function in self._places():
            seen: set[ast.AST] = set()
            for line in _own_lines(function):
                if line not in seen and any(_starts(node) for node in ast.walk(line)):
                    seen.add(line)
                    yield self._read(place, function, line)

    def texts(self) -> Iterator[tuple[str, str]]:
        """(table, text) of its statements in text; what is put in while it runs is `{}`."""
        for node in ast.walk(self.tree):
            text = _text_of(node)
            if text is not None and _SQL.match(text):
                for table in _FROM.findall(text):
                    yield table, " ".join(text.split())

    @cached_property
    def _functions(self) -> dict[str, ast.AST]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @cached_property
    def _constants(self) -> dict[str, list[ast.AST]]:
        return _assigned(self.tree.body)

    def _places(self) -> Iterator[tuple[str, ast.AST]]:
        rest = []
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{self.name}:{node.name}", node
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield f"{self.name}:{node.name}.{inner.name}", inner
            else:
                rest.append(node)
        yield f"{self.name}:", ast.Module(rest, [])

    def _read(self, place: str, function: ast.AST, line: ast.stmt) -> Statement:
        local = _assigned([node for node in ast.walk(function) if isinstance(node, ast.stmt)])
        parts: list[ast.AST] = [line, *_made_of_it(function, line)]
        known: set[str] = set()
        for part in parts:
            for name in _names(part) - known:
                known.add(name)
                parts += local.get(name, []) or self._constants.get(name, [])
                parts += [self._functions[name]] if name in self._functions else []
        aliases = {name: alias for name, values in local.items() for alias in _aliases(values)}
        tables = {aliases.get(name, name) for part in parts for name in _tables(part)}
        owned: set[str] = {aliases.get(name, name) for part in parts for name in _owned(part)}
        joined = [pair for part in parts for pair in _joined(part)]
        for _ in joined:
            owned |= {each for pair in joined if pair & owned for each in pair}
        found = {aliases.get(name, name) for part in parts for name in _surely_tables(part)}
        found -= {name for name, values in local.items() if any(map(_is_derived, values))}
        return Statement(place, line.lineno, frozenset(tables), frozenset(found), frozenset(owned))


def _own_lines(function: ast.AST) -> Iterator[ast.stmt]:
    """Its lines of code, those that hold others aside."""
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.With | ast.AsyncWith | ast.Try
        ):
            if isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While):
                head = node.iter if isinstance(node, ast.For | ast.AsyncFor) else node.test
                yield ast.copy_location(ast.Expr(head), node)
            else:
                yield node


def _starts(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id == "self" and function.attr in _STARTERS
    return isinstance(function, ast.Name) and function.id in _STARTERS


def _assigned(lines: list[ast.stmt]) -> dict[str, list[ast.AST]]:
    """What is assigned to each name, nested functions of one line included."""
    found: dict[str, list[ast.AST]] = {}
    for line in lines:
        targets = line.targets if isinstance(line, ast.Assign) else []
        if isinstance(line, ast.AnnAssign | ast.AugAssign):
            targets = [line.target]
        for target in targets:
            for name in _names(target):
                if (value := getattr(line, "value", None)) is not None:
                    found.setdefault(name, []).append(value)
    return found


def _made_of_it(function: ast.AST, line: ast.stmt) -> list[ast.AST]:
    """What the function makes of the statement that the line names, as by `query.where(…)`."""
    given = {name for target in getattr(line, "targets", []) for name in _names(target)}
    return [node for node in ast.walk(function) if isinstance(node, ast.Call) and _base(node) in given]


def _base(node: ast.AST) -> str:
    """The name that a chain of calls begins with."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _column(node: ast.AST) -> tuple[str, str] | None:
    """(table, column) of `table.c.column`, `table.c["column"]` or `module.table.c.column`; an empty name where it is
    found while the service runs."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return None
    columns = node.value
    if not (isinstance(columns, ast.Attribute) and columns.attr == "c"):
        return None
    table = columns.value
    name = node.attr if isinstance(node, ast.Attribute) else ""
    if isinstance(table, ast.Name):
        return table.id, name
    return (table.attr, name) if isinstance(table, ast.Attribute) else None


def _tables(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        if (found := _column(node)) is not None:
            yield found[0]
        if isinstance(node, ast.Call) and (name := _called(node)) in ("select", "update", "delete", *_JOINS):
            yield from (each.id for each in node.args if isinstance(each, ast.Name) and name)


def _surely_tables(part: ast.AST) -> Iterator[str]:
    """What has columns, is changed or is deleted from."""
    for node in ast.walk(part):
        if (column := _column(node)) is not None:
            yield column[0]
        if isinstance(node, ast.Call) and _called(node) in ("update", "delete") and node.args:
            yield from _names(node.args[0])


def _is_derived(value: ast.AST) -> bool:
    """Whether it is a query in the place of a table, which is read itself."""
    function = value.func if isinstance(value, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr in ("subquery", "cte", "table_valued")


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr if function.attr in _JOINS else ""
    return function.id if isinstance(function, ast.Name) else ""


def _owner_of(node: ast.AST) -> str | None:
    """The table whose owner this is: its column `owner`, or of accounts the id."""
    found = _column(node)
    return found[0] if found in (("accounts", "id"),) or (found and found[1] == "owner") else None


def _owned(part: ast.AST) -> Iterator[str]:
    """The tables whose owner is compared with a value in it."""
    for node in ast.walk(part):
        sides: list[ast.AST] = []
        if isinstance(node, ast.Compare) and not any(_joined(node)):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            sides = [node.func.value] if node.func.attr in _COMPARED else []
        yield from (table for side in sides if (table := _owner_of(side)) is not None)


def _joined(part: ast.AST) -> Iterator[frozenset[str]]:
    """The pairs of tables whose owners are compared with one another in it."""
    for node in ast.walk(part):
        if isinstance(node, ast.Compare):
            tables = [_owner_of(side) for side in (node.left, *node.comparators)]
            if len(tables) == 2 and None not in tables:
                yield frozenset(table for table in tables if table is not None)


def _aliases(values: list[ast.AST]) -> Iterator[str]:
    for value in values:
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            yield value.attr


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    return None
