"""The local check of a text that is still being written: what of it may be shown. Pure.

A `Screen` gives text out sentence by sentence, each after the rules have seen it together with the
sentences before it. What it gives out doesn't depend on how the text was cut into chunks.
"""

from workflows.safety.policy import Policy
from workflows.safety.rules import RuleMatch, find_blocked, is_open
from workflows.text.sentences import find_sentence_end

_CONTEXT = 160
"""Characters of what was given out already that are looked at again with the next sentence, at least."""


class Screen:
    """One section's text, from its first word to its end or to the first blocked rule that it breaks."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._context: list[str] = []
        self._held = ""
        self._seen = 0  # characters of `_held` in which no end of a sentence is left to be found
        self.finding: RuleMatch | None = None
        """Why nothing more is given out."""

    def feed(self, chunk: str) -> str:
        """What may be shown now, mostly nothing until a sentence is whole."""
        if self.finding is not None:
            return ""
        self._held += chunk
        given = []
        while self.finding is None and (end := find_sentence_end(self._held, self._seen)) is not None:
            given.append(self._pass(end))
        return "".join(given)

    def close(self) -> str:
        """The text is at its end: the rest, unless it breaks a rule."""
        if self.finding is not None or not self._held:
            return ""
        return self._pass(len(self._held), is_last=True)

    def _pass(self, end: int, *, is_last: bool = False) -> str:
        text = self._held[:end]
        seen = "".join(self._context) + text
        self.finding = find_blocked(self._policy, seen)
        if self.finding is not None:
            return ""
        if not is_last and is_open(self._policy, seen):
            self._seen = end
            return ""
        self._held = self._held[end:]
        self._seen = 0
        self._remember(text)
        return text

    def _remember(self, text: str) -> None:
        """Whole sentences only: half of one might be read as something else."""
        self._context.append(text)
        while len(self._context) > 1 and sum(map(len, self._context[1:])) >= _CONTEXT:
            del self._context[0]


def screen(policy: Policy, text: str) -> tuple[str, RuleMatch | None]:
    """What of a whole section may be shown, and why not all of it."""
    one = Screen(policy)
    return one.feed(text) + one.close(), one.finding
