"""What may be written by hand: states of a run in their one table, functions of one database only where it is meant."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from backend.store.schema.transitions import Status
from tests.architecture.tree import modules, parse
from workflows.messages.messages import NodeStatus

PORTABLE = {"avg", "coalesce", "count", "lower", "max", "min", "nullif", "substr", "sum", "upper"}
"""Functions that every database has, by the same name and meaning."""
# One expression for each database, chosen when the statement is compiled.
OF_EACH_DATABASE = {Path("backend/store/sql/json_sql.py"), Path("backend/store/sql/dialect.py")}
EXTENSIONS = (Path("backend/podcasts"), Path("backend/scripts"), Path("backend/stories"))
ROOMS = (Path("backend/store"), Path("backend/log"), *(folder / "store" for folder in EXTENSIONS))
STATES = Path("backend/store/schema/transitions.py")
# Nodes of the graph have states of their own, some by the same words.
ABOUT_NODES = (Path("backend/streaming"), Path("backend/runs/attempt/attempt.py"))


def written_now() -> list[Path]:
    """Modules of the service. Migrations say what was so at their time."""
    return [
        module
        for module in modules()
        if module.is_relative_to("backend") and "migrations" not in module.parts and module != STATES
    ]


def statements() -> list[Path]:
    """Modules with statements."""
    return [module for module in written_now() if any(module.is_relative_to(room) for room in ROOMS)]


def test_no_module_names_a_state_of_a_run_but_the_one_with_their_table() -> None:
    of_nodes = set(get_args(NodeStatus))
    found = {
        str(module): set(_states(parse(module)))
        - (of_nodes if any(module.is_relative_to(room) for room in ABOUT_NODES) else set())
        for module in written_now()
    }
    assert len(found) > 200
    assert {module: states for module, states in found.items() if states} == {}


def test_statements_use_functions_that_every_database_has() -> None:
    own = [
        module
        for module in statements()
        if module not in OF_EACH_DATABASE
        and module.stem not in ("sqlite", "postgres")
        and not {"sqlite", "postgres"} & set(module.parts)
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


def test_tables_that_only_an_extension_uses_are_declared_by_it() -> None:
    core = Path("backend/store/schema/tables.py")
    used = {
        alias.name
        for module in modules()
        if module != core and not any(module.is_relative_to(folder) for folder in EXTENSIONS)
        for node in ast.walk(parse(module))
        if isinstance(node, ast.ImportFrom) and node.module == "backend.store.schema.tables"
        for alias in node.names
    }
    assert _tables(core) and _tables(core) <= used
    assert _tables(Path("backend/stories/store/tables.py")) == {"children", "story_sessions", "reading_days"}
    assert _tables(Path("backend/scripts/store/tables.py")) == {"personas"}


def _tables(module: Path) -> set[str]:
    """Names of the tables that a module declares."""
    return {
        node.targets[0].id
        for node in parse(module).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "Table"
    }
