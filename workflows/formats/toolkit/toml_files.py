"""Data files of a format in TOML: a folder of its own, and an operator's."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

_T = TypeVar("_T", bound=BaseModel)


def read_folders(kind: type[_T], error: type[Exception], own: Path, folder: Path | None) -> dict[str, _T]:
    """The files of both folders as models with a `name`, by it. A file in the operator's `folder` replaces one of the
    same name in the format's `own`. Raises `error`, whose message names the file, the field and the fault."""
    found = _read_folder(kind, error, own)
    if folder is not None:
        if not folder.is_dir():
            raise error(f"there is no folder {folder}")
        found |= _read_folder(kind, error, folder)
    return found


def _read_folder(kind: type[_T], error: type[Exception], folder: Path) -> dict[str, _T]:
    return {path.stem: _read(kind, error, path) for path in sorted(folder.glob("*.toml"))}


def _read(kind: type[_T], error: type[Exception], path: Path) -> _T:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        return kind.model_validate({"name": path.stem, **given})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise error(f"{path.name} can't be read: {fault}") from None
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = str(first["msg"]).removeprefix("Value error, ")
        raise error(f"{path.name}: {place}: {message}" if place else f"{path.name}: {message}") from None
