"""Child process that reads one document: bytes on standard input, a report on standard output.

Started by `extraction.py` as `python -m backend.documents.child KIND MAX_CHARACTERS`. It has no secrets in its
environment, and takes away from itself what a hostile file would use: time, memory, files. The report is a line of
JSON, and after it the text as UTF-8, so that the service doesn't parse a large text.
"""

import hashlib
import json
import logging
import os
import re
import sys
from typing import Any, get_args

from backend.documents.kinds import KindName
from backend.documents.left_out import DocumentWarning
from backend.documents.reading import Reading, Unreadable, too_long
from workflows.safety.untrusted.documents import Passage, examine_visible, without_invisible
from workflows.text.language import guess_language
from workflows.text.layout.html_text import escape_tags
from workflows.text.streams.normaliser import normalise
from workflows.text.words import count_words

CPU_SECONDS = 60
MEMORY_BYTES = 1_500_000_000
MAX_CHARACTERS = 10_000_000
_NICENESS = 5
"""Streams of other people go first."""
_BLANKS = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_MOST_WARNINGS = 50
_MESSAGES = {
    "hidden_text": "Text that readers don't see was left out",
    "invisible_characters": "Characters that readers don't see were taken out",
    "sounds_like_instructions": "A passage sounds like an order; it was kept",
}


def report(kind: KindName, data: bytes, max_characters: int = MAX_CHARACTERS) -> dict[str, Any]:
    """The report: `{text, title, words, language, sha256, warnings}`, or `{refused}`, the reason for a refusal."""
    try:
        reading = read_document(kind, data, max_characters)
        if len(reading.text) > max_characters:
            raise too_long(max_characters)
        text = normalise(escape_tags(without_invisible(_BLANKS.sub(" ", reading.text))))
        words = count_words(text)
        if not words:
            return {"refused": _why_empty(kind)}
        examined = _examined(reading)
    except Unreadable as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "the document is too large when unpacked"}
    if isinstance(examined, str):
        return {"refused": examined}
    return {
        "text": text,
        "title": normalise(reading.title or "") or None,
        "words": words,
        "language": guess_language(text),
        "sha256": hashlib.sha256(data).hexdigest(),
        "warnings": [warning.data() for warning in examined[:_MOST_WARNINGS]],
    }


def read_document(kind: KindName, data: bytes, max_characters: int) -> Reading:
    """The reading of a file; its text has at most about `max_characters`. Raises Unreadable."""
    if kind == "pdf":
        from backend.documents.pdf.document import read_pdf

        return read_pdf(data, max_characters)
    if kind == "docx":
        from backend.documents.word.document import read_word

        return read_word(data, max_characters)
    from backend.documents.plain import read_plain

    return read_plain(data, is_markdown=kind == "markdown")


def _examined(reading: Reading) -> str | list[DocumentWarning]:
    """Warnings about the text, or the reason for a refusal."""
    found = examine_visible(reading.text, reading.hidden)
    if (attack := found.attack) is not None:
        where = "hidden text" if attack.kind == "hidden_text" else f"paragraph {attack.paragraph}"
        return (
            f"{where} gives orders to a language model (“{attack.quote}”), so the document was tampered with, "
            "or isn't meant for people; if you trust the rest, take that out and upload it again"
        )
    noticed = [_warning(passage) for passage in found.warnings]
    reported = sum(warning.kind == "hidden_text" for warning in noticed)
    hidden = len({" ".join(words.split()) for words in reading.hidden} - {""})
    if hidden > reported:
        message = f"{hidden - reported} more passages that readers don't see were left out."
        noticed.append(DocumentWarning("hidden_text", message))
    return [*reading.warnings, *noticed]


def _warning(passage: Passage) -> DocumentWarning:
    place = f" (paragraph {passage.paragraph})" if passage.paragraph else ""
    quote = f": “{passage.quote}”" if passage.quote else ""
    message = f"{_MESSAGES[passage.kind]}{place}{quote}."
    return DocumentWarning(passage.kind, message, passage.paragraph, passage.quote)


def _why_empty(kind: KindName) -> str:
    if kind == "pdf":
        return "the PDF holds no text: if it was scanned, run text recognition (OCR) over it first"
    return "the document holds no text"


def limit_resources() -> None:
    """Lowers the process's own limits; where the system has none (Windows), the parent's timeout remains."""
    try:
        import resource
    except ImportError:
        return
    os.nice(_NICENESS)
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
    kind, max_characters = sys.argv[1:]
    assert kind in get_args(KindName)
    limit_resources()
    logging.disable(logging.CRITICAL)  # libraries tell of every oddity of a file
    answer = report(kind, sys.stdin.buffer.read(), int(max_characters))  # type: ignore[arg-type]
    text = answer.pop("text", "")
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(text.encode())


if __name__ == "__main__":
    main()
