"""Prompt files, readable as prose: `<format>/prompts/<tier>/<name>.md`, Jinja where a value goes in.

A file is cut into the system's and the user's message before values are put in, so no value can move the border. What
a person or a model wrote stands between marks that carry a code made of that very text (`{{ text | marked("wish") }}`):
to close them from inside, a text would have to hold the code of itself.
"""

import hashlib
import re
from base64 import b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from workflows.errors import InvalidInput

_BORDER = "\n---\n"
_CODE_LETTERS = 12
"""60 bits: nobody finds a text that holds its own code."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_CLOSING = re.compile(r"<(?=\s*/)")
_TODAY: ContextVar[date | None] = ContextVar("today", default=None)
SHARED = Path(__file__).parent / "formats" / "prompts"
"""Parts that prompts of every format may include."""
_MARK = re.compile(r"[a-z_]+")


def today() -> str:
    """The date that a run was asked for, where its reader is, as prompts say it: `Thursday, 26 November 2026`.

    The same in every prompt of a run, also in one that goes on days later. In UTC, now, where no run is going on.
    """
    day = _TODAY.get() or datetime.now(UTC).date()
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


@contextmanager
def dated(day: str | None) -> Iterator[None]:
    """Within it, prompts say that it is this day, `YYYY-MM-DD`; None: the day that it is. Raises InvalidInput for one
    that there isn't."""
    try:
        token = _TODAY.set(None if day is None else date.fromisoformat(day))
    except ValueError:
        raise InvalidInput.of("context.today", f"there is no day {day!r}; give one as YYYY-MM-DD") from None
    try:
        yield
    finally:
        _TODAY.reset(token)


class Prompts:
    """The prompt files of one format. Beside the values that are given, they have `today()`."""

    def __init__(self, folder: Path) -> None:
        # Prompts are plain text for a model, not HTML: escaping would put entities into them.
        self._environment = Environment(
            loader=FileSystemLoader([folder, SHARED]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"data": as_data, "marked": marked}
        self._environment.globals["today"] = today
        self._parts = cache(self._compile)

    def messages(self, name: str, **values: object) -> list[BaseMessage]:
        """The file `name` as messages: the text above the line `---` is the system's, below it the user's."""
        system, user = self._parts(name)
        return [
            SystemMessage(system.render(**values).strip()),
            HumanMessage(user.render(**values).strip() if user else ""),
        ]

    def _compile(self, name: str) -> tuple[Template, Template | None]:
        loader = self._environment.loader
        assert loader is not None
        source, _, _ = loader.get_source(self._environment, f"{name}.md")
        system, border, user = source.partition(_BORDER)
        return self._environment.from_string(system), self._environment.from_string(user) if border else None


def marked(text: object, name: str) -> str:
    """Untrusted text between marks that it can't close: `<wish-K7…>` … `</wish-K7…>`; lines of their own for
    lines."""
    assert _MARK.fullmatch(name), name
    inside = as_data(str(text))
    code = (
        b32encode(hashlib.sha256(inside.encode(errors="replace")).digest()).decode().lower()[:_CODE_LETTERS]
    )
    gap = "\n" if "\n" in inside else ""
    return f"<{name}-{code}>{gap}{inside}{gap}</{name}-{code}>"


def as_data(text: str) -> str:
    """Untrusted text, escaped for its place between `<marks>` in a prompt: it can't close them."""
    return _CLOSING.sub("‹", text)
