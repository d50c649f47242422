"""What a package of somebody else's may import: there, documented, and changed only on purpose."""

import inspect
import re
from importlib import import_module

import pytest

from tests.architecture.surface import MODULES, SNAPSHOT, surface
from tests.architecture.tree import ROOT

NAMES = [(module, name) for module in MODULES for name in import_module(module).__all__]


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_sorted_and_stand_once(module: str) -> None:
    names = import_module(module).__all__
    assert list(names) == sorted(set(names))


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_public_name_can_be_imported_and_has_a_docstring(module: str, name: str) -> None:
    value = getattr(import_module(module), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__doc__


@pytest.mark.parametrize("module", MODULES)
def test_everything_imported_by_a_public_module_is_public(module: str) -> None:
    found = import_module(module)
    strays = {
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and name not in found.__all__ and not inspect.ismodule(value)
    }
    assert strays <= {"TYPE_CHECKING", "Any"}


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_public_name_stands_in_the_documents(module: str, name: str) -> None:
    del module
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert re.search(rf"`{name}[`(]", text)


def test_public_surface_is_as_it_was_when_it_was_last_changed_on_purpose() -> None:
    was = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    assert surface() == was, (
        "if this is meant: python -m tests.architecture.surface, and say so in the changelog"
    )


def test_examples_of_packages_import_public_names_only() -> None:
    for path in (ROOT / "tests" / "packages").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"^\s*(?:from|import) (?:workflows|backend)\b", text, re.MULTILINE), path
