"""Packages of formats as somebody else writes them, installed beside Storywire for the time of a test."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.plugins import list_extensions
from workflows.formats.registry import list_formats

PACKAGES = Path(__file__).parent / "packages"


@contextmanager
def install(folder: Path, *names: str) -> Iterator[Path]:
    """The packages, built and installed into a folder of their own, and that folder on the path."""
    target = folder / "installed"
    for name in names:
        source = folder / "source" / name
        shutil.copytree(PACKAGES / name, source)
        uv = Path(sys.executable).parent / "uv"
        how = ["--offline", "--quiet", "--no-config", "--no-deps", "--no-build-isolation"]
        where = ["--python", sys.executable, "--target", str(target), str(source)]
        subprocess.run([str(uv), "pip", "install", *how, *where], check=True, timeout=60)
    sys.path.insert(0, str(target))
    _look_again()
    yield target
    sys.path.remove(str(target))
    for module in [module for module in sys.modules if module.partition(".")[0] in names]:
        del sys.modules[module]
    _look_again()


@contextmanager
def taken_away(target: Path) -> Iterator[None]:
    """As if the packages were uninstalled."""
    sys.path.remove(str(target))
    _look_again()
    yield
    sys.path.insert(0, str(target))
    _look_again()


def _look_again() -> None:
    list_formats.cache_clear()
    list_extensions.cache_clear()
