"""Bounds of what one reply may be, far above what a model can honestly write. Pure.

A reply beyond them is stopped, whoever reads it: else a server that never ends would keep a run, and this process,
busy without end.
"""

from typing import Any

MOST_EVENT = 2 * 2**20
"""Bytes of one event, or of a reply in one piece. The longest reply of any model is a quarter of it."""
MOST_TEXT = 4_000_000
"""Characters of a streamed reply, its thoughts and the arguments of functions included: a million tokens."""
MOST_ARGUMENTS = 500_000
"""Characters of the functions that a reply calls: an answer in a form has some thousand."""
MOST_CALLS = 100
MOST_EMPTY = 5000
"""Events in a row with no text, thought or argument: ten signs of life a second for eight minutes."""


class UnendingReply(Exception):
    """Reply that is stopped. Its message goes on where a model was named: "openai:x …"."""


class ReplyBounds:
    """Counts of one streamed reply."""

    def __init__(self) -> None:
        self._characters = 0
        self._empty = 0

    def take(self, characters: int) -> None:
        """One more event, with so many characters. Raises UnendingReply."""
        self._empty = 0 if characters else self._empty + 1
        self._characters += characters
        if self._characters > MOST_TEXT:
            raise UnendingReply("wrote without end and was stopped.")
        if self._empty > MOST_EMPTY:
            raise UnendingReply("went on without writing anything and was stopped.")


class FunctionCalls:
    """Calls of functions that come in fragments, put together in time in proportion to their length."""

    def __init__(self) -> None:
        self._heads: dict[int, dict[str, Any]] = {}
        self._arguments: dict[int, list[str]] = {}
        self._characters = 0

    def add(self, fragments: list[dict[str, Any]]) -> None:
        """More of them. Raises UnendingReply."""
        for fragment in fragments:
            index, function = fragment["index"], fragment["function"]
            head = self._heads.setdefault(index, {})
            for name, value in (("id", fragment.get("id")), ("name", function["name"])):
                if value and name not in head:
                    head[name] = value
            self._arguments.setdefault(index, []).append(function["arguments"])
            self._characters += len(function["arguments"])
        if self._characters > MOST_ARGUMENTS or len(self._heads) > MOST_CALLS:
            raise UnendingReply("called functions without end and was stopped.")

    def take(self) -> list[dict[str, Any]]:
        """The calls so far, each whole."""
        heads, arguments = self._heads, self._arguments
        self._heads, self._arguments = {}, {}
        return [
            {
                "index": index,
                **({"id": head["id"], "type": "function"} if "id" in head else {}),
                "function": {"name": head.get("name"), "arguments": "".join(arguments[index])},
            }
            for index, head in heads.items()
        ]
