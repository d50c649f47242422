"""Which section a node is writing: what a recording of its model calls is ordered by."""

from contextvars import ContextVar

_section: ContextVar[int | None] = ContextVar("section", default=None)


def set_section(index: int) -> None:
    """From here on in this task, model calls are for the section `index`. Each node is a task of its own."""
    _section.set(index)


def current_section() -> int | None:
    """The section that is being written; None where a node works on the whole."""
    return _section.get()
