"""What statements in SQL may say by hand: no state of a run, no function of one database only."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from backend.store.transitions import Status
from tests.architecture.tree import modules, parse

PORTABLE = {"avg", "coalesce", "count", "lower", "max", "min", "nullif", "sum", "upper"}
"""Functions that every database has, by the same name and meaning."""
# One expression for each database, chosen when the statement is compiled.
OF_EACH_DATABASE = {Path("backend/store/json_sql.py"), Path("backend/store/dialect.py")}
ROOMS = (Path("backend/store"), Path("backend/log"))


def statements() -> list[Path]:
    """Modules with statements. Migrations say what was so at their time, the table of states what it may be."""
    return [
        module
        for module in modules()
        if any(module.is_relative_to(room) for room in ROOMS)
        and "migrations" not in module.parts
        and module.name != "transitions.py"
    ]


def test_statements_name_no_state_of_a_run_by_hand() -> None:
    found = {str(module): sorted(_states(parse(module))) for module in statements()}
    assert {module: states for module, states in found.items() if states} == {}


def test_statements_use_functions_that_every_database_has() -> None:
    own = [
        module
        for module in statements()
        if module not in OF_EACH_DATABASE and not module.name.startswith(("sqlite", "postgres"))
    ]
    found = {str(module): set(_functions(parse(module))) - PORTABLE for module in own}
    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "runs.c.status == 'running'",
        "runs.c.status.in_(('running', 'failed'))",
        "text(\"status = 'running'\")",
        "{'status': 'running'}",
        "f\"status IN ('running', {more})\"",
    ],
)
def test_search_for_states_finds_every_way_to_write_one(source: str) -> None:
    assert "running" in set(_states(ast.parse(source)))


def test_search_for_states_passes_over_prose() -> None:
    assert not set(_states(ast.parse('"""A run that is running."""\nx = "what is running now"')))


@pytest.mark.parametrize(
    "source", ["func.json_remove(a)", "sqlalchemy.func.json_remove(a)", "sa.func.json_remove"]
)
def test_search_for_functions_finds_every_way_to_write_one(source: str) -> None:
    assert set(_functions(ast.parse(source))) == {"json_remove"}


def _states(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (
                state for state in get_args(Status) if node.value == state or f"'{state}'" in node.value
            )


def _functions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="func") | ast.Attribute(attr="func"), attr=name):
                yield name
            case _:
                pass


def test_whose_something_is_has_a_type_of_its_own_everywhere_in_the_service() -> None:
    loose = [
        f"{module}:{parameter.lineno}"
        for module in modules()
        if module.is_relative_to("backend")
        for node in ast.walk(parse(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        if parameter.arg == "owner" and "Owner" not in ast.unparse(parameter.annotation or ast.Constant(""))
    ]
    # Formats, whose lookups these are, know an id.
    assert [place for place in loose if not place.startswith("backend/lookups.py")] == []
