"""`python -m clients.schema` writes the generated files; `--check` says which are stale, and fails if any is."""

import json
import subprocess
import sys
from pathlib import Path

from clients.schema.definitions import Definitions, story_chunk_schema
from clients.schema.python import python
from clients.schema.typescript import typescript

ROOT = Path(__file__).parents[2]


def generate() -> dict[Path, str]:
    """The text of each generated file, by its path in the project."""
    definitions = Definitions()
    return {
        Path("clients/schema/story_chunk.json"): json.dumps(story_chunk_schema(), indent=2, sort_keys=True)
        + "\n",
        Path("clients/typescript/src/messages.ts"): typescript(definitions),
        Path("clients/python/storywire_client/messages.py"): _formatted(python(definitions)),
    }


def stale() -> list[Path]:
    """The generated files that aren't what the models say now."""
    return [
        path
        for path, text in generate().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """The exit status: 1 if `--check` finds a stale file."""
    if "--check" in arguments:
        found = stale()
        for path in found:
            sys.stderr.write(f"{path} is stale: run `make schema` and commit it.\n")
        return 1 if found else 0
    for path, text in generate().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


def _formatted(source: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "messages.py", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=True, cwd=ROOT).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
