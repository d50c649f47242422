"""How the product's modules are named, sized, documented, and what each may do alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, modules, parse

LONGEST = 400
VAGUE = {"utils", "util", "helpers", "helper", "core", "services", "service", "common", "misc"}
SETTINGS = {Path("backend/settings.py"), Path("workflows/models/settings.py")}
# Hands its own environment on to the child process that runs the model; reads no setting from it.
CHILD_PROCESS = Path("workflows/models/embedded")


def test_event_stream_is_read_in_one_file() -> None:
    readers = [
        module for module in modules() if "astream_events" in (ROOT / module).read_text(encoding="utf-8")
    ]
    assert readers == [Path("backend/streaming/events.py")]


def test_environment_is_read_by_the_settings_only() -> None:
    readers = {module for module in modules() if _reads_environment(parse(module))}
    strangers = {module for module in readers - SETTINGS if not module.is_relative_to(CHILD_PROCESS)}
    assert not strangers


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os as o\no.getenv('A')",
        "from os import environ",
        "import os\nos.environb",
    ],
)
def test_environment_search_finds_every_way_to_read_it(source: str) -> None:
    assert _reads_environment(ast.parse(source))


def test_modules_are_named_after_what_they_hold() -> None:
    vague = [module for module in modules() if VAGUE & {part.removesuffix(".py") for part in module.parts}]
    assert not vague


def test_modules_are_read_in_one_sitting() -> None:
    lengths = {module: len((ROOT / module).read_text(encoding="utf-8").splitlines()) for module in modules()}
    too_long = {str(module): length for module, length in lengths.items() if length > LONGEST}
    assert not too_long


def test_public_modules_say_what_they_are_for() -> None:
    public = [
        module for module in modules() if not module.name.startswith("_") or module.name == "__init__.py"
    ]
    silent = [module for module in public if ast.get_docstring(parse(module)) is None]
    assert not silent


def _reads_environment(tree: ast.Module) -> bool:
    return any(_is_environment(node) for node in ast.walk(tree))


def _is_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    match node:
        case ast.Attribute(value=ast.Name(), attr=attribute):
            return attribute in names
        case ast.ImportFrom(module="os", names=imported):
            return bool(names & {alias.name for alias in imported})
        case _:
            return False


def test_public_class_names_stand_once() -> None:
    places: dict[str, list[str]] = {}
    for module in modules():
        for node in parse(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(module))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_command_line_is_there_before_what_only_some_commands_need() -> None:
    program = "import sys, backend.cli.main; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True).split())
    assert "backend.podcasts.cli" in loaded
    assert loaded.isdisjoint({"fastapi", "langchain_core", "langgraph", "sqlalchemy", "backend.app"})
