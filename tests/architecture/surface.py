"""What the packages for plug-ins promise, as lines of text: every public name with its members and parameters.

`python -m tests.architecture.surface` writes them into `surface.txt`, after a change that is meant.
"""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, get_origin

MODULES = ("storywire", "storywire.extensions")
PUBLIC_MEMBERS = {
    "Database": {"read", "write"},
    "Model": {"spec", "tier"},
    "Policy": {"name"},
    "PolicyRegistry": {"find"},
    "Resources": {"parts_of", "queries", "runs"},
    "Run": {"format", "id", "input", "is_finished", "options", "owner", "result", "status"},
    "RunQueries": {
        "find",
        "follow",
        "newest_by_key",
        "page",
        "part_summaries",
        "parts",
        "reader",
        "transcript",
        "versions",
    },
    "RunRepository": {"find", "find_by_key", "find_part", "page", "part_summaries", "parts"},
    "RunRequest": {"format", "idempotency_key", "input", "options"},
    "Settings": {"of", "of_format"},
}
"""Of classes that a package is only handed: what it may look at."""
SNAPSHOT = Path(__file__).parent / "surface.txt"


def surface() -> list[str]:
    """Every public name, and what there is of it."""
    return [
        line
        for name in MODULES
        for public in import_module(name).__all__
        for line in _describe(f"{name}.{public}", getattr(import_module(name), public))
    ]


def _describe(path: str, value: Any) -> Iterator[str]:
    if inspect.isfunction(value):
        yield f"{path}{_parameters(value)}"
    elif inspect.isclass(value) and get_origin(value) is None:
        yield f"class {path}"
        for name in sorted(PUBLIC_MEMBERS.get(value.__name__, _members(value))):
            member = inspect.getattr_static(value, name, None)
            found = member.__func__ if isinstance(member, classmethod | staticmethod) else member
            yield f"    {name}{_parameters(found) if isinstance(found, FunctionType) else ''}"
    else:
        yield path


def _members(kind: type) -> set[str]:
    """What the class itself, not its base classes of other packages, has and declares."""
    ours = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in ("backend", "workflows")]
    return {
        name
        for base in ours
        for name in (*vars(base), *vars(base).get("__annotations__", {}))
        if not name.startswith("_") and name != "model_config"
    }


def _parameters(function: FunctionType) -> str:
    return (
        "("
        + ", ".join(str(p).partition(":")[0] for p in inspect.signature(function).parameters.values())
        + ")"
    )


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(surface()) + "\n", encoding="utf-8")
