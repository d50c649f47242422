"""The process that reads one document: bytes in on standard input, one line of JSON out, and it ends.

Started by `extraction.py` as `python -m backend.documents.child KIND`. It has no secrets in its environment,
and takes away from itself what a hostile file would use: time, memory, files, other processes.
"""

import json
import logging
import sys
from typing import Any, get_args

from backend.documents.kinds import KindName
from backend.documents.reading import Reading, Unreadable, read_document
from workflows.safety.documents import examine, uncover
from workflows.text.normaliser import normalise
from workflows.text.words import count_words

CPU_SECONDS = 60
MEMORY_BYTES = 1_500_000_000


def report(kind: KindName, data: bytes) -> dict[str, Any]:
    """`{text, warnings}`, or `{refused}`: why the document isn't taken."""
    try:
        reading = read_document(kind, data)
        text = normalise(uncover(reading.text))
        return _examined(reading, text) if count_words(text) else {"refused": _why_empty(kind)}
    except Unreadable as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "the document is too large when unpacked"}


def _examined(reading: Reading, text: str) -> dict[str, Any]:
    found = examine(reading.text, reading.hidden)
    if (attack := found.attack) is not None:
        where = "hidden text" if attack.kind == "hidden_text" else f"paragraph {attack.paragraph}"
        return {
            "refused": (
                f"{where} gives orders to a language model (“{attack.quote}”), so the document was tampered with, "
                "or isn't meant for people; if you trust the rest, take that out and upload it again"
            )
        }
    warnings = [
        {"kind": warning.kind, "paragraph": warning.paragraph, "quote": warning.quote}
        for warning in found.warnings
    ]
    return {"text": text, "warnings": warnings}


def _why_empty(kind: KindName) -> str:
    if kind == "pdf":
        return "the PDF holds no text: if it was scanned, run text recognition (OCR) over it first"
    return "the document holds no text"


def limit_resources() -> None:
    """Less of everything; where the system knows no such limits (Windows), the parent's clock remains."""
    try:
        import resource
    except ImportError:
        return
    for name, least in (
        ("RLIMIT_CPU", CPU_SECONDS),
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (least, least))
        except (OSError, ValueError):
            continue  # a lower limit is set already


def main() -> None:
    """Reads all of standard input, writes the report."""
    kind = sys.argv[1]
    assert kind in get_args(KindName)
    limit_resources()
    logging.disable(logging.CRITICAL)  # pypdf tells of every oddity of a file
    answer = report(kind, sys.stdin.buffer.read())  # type: ignore[arg-type]
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
