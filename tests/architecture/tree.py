"""The project's own files, as the tests of its architecture see them."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("backend", "storywire", "workflows")


def modules() -> list[Path]:
    """Every Python file of the product, relative to the root, sorted."""
    return sorted(
        path.relative_to(ROOT)
        for package in PRODUCT
        for path in (ROOT / package).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def parse(module: Path) -> ast.Module:
    """The syntax tree of a file given relative to the root."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), filename=str(module))


def code_blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a document given relative to the root, as they are printed."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def committed_texts() -> dict[Path, str]:
    """Every text file that is committed or would be, relative to the root. Binary files are left out."""
    texts = {}
    for path in _committed():
        try:
            texts[path] = (ROOT / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return texts


def _committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        # An unpacked archive: what is neither hidden nor a by-product of running.
        return [
            path.relative_to(ROOT)
            for path in ROOT.rglob("*")
            if path.is_file() and not any(_is_by_product(part) for part in path.relative_to(ROOT).parts)
        ]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name]


def _is_by_product(part: str) -> bool:
    return part.startswith(".") or part in {"__pycache__", "node_modules", "data", "dist", "build", "out"}
