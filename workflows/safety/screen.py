"""Local check of a text that is still being written, for the parts that may be shown. Pure.

A `SentenceFilter` gives text out sentence by sentence, each after the rules have seen it together with the
sentences before it. What it gives out doesn't depend on how the text was cut into chunks.
"""

from itertools import pairwise

from workflows.safety.policies.policy import Policy
from workflows.safety.rules import RuleMatch, find_blocked, is_open
from workflows.text.sentences import find_sentence_end

_CONTEXT = 160
"""Characters of what was given out already that are looked at again with the next sentence, at least."""
_AT_ONCE = 1000
"""Characters after which no further sentence is looked at in the same go."""
_LONGEST_HELD = 1000
"""Characters that wait for the end of a phrase that may be blocked, at most."""


class SentenceFilter:
    """Filter of one section's text, from its first word to its end or its first blocked match."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._context: list[str] = []
        self._held = ""
        self._ends: list[int] = []  # of the sentences in `_held` that were looked at
        self._place = 0  # where the sentence under way begins in `_held`
        self.match: RuleMatch | None = None
        """Why nothing more is given out."""

    def feed(self, chunk: str) -> str:
        """The text that may be shown now, mostly nothing until a sentence is whole."""
        if self.match is not None:
            return ""
        self._held += chunk
        given = []
        while self.match is None and (ends := self._next_ends()):
            given.append(self._pass(ends))
        return "".join(given)

    def close(self) -> str:
        """The rest of the text, unless it breaks a rule."""
        if self.match is not None or not self._held:
            return ""
        self.match = find_blocked(self._policy, self._seen(len(self._held)))
        return self._give(len(self._held)) if self.match is None else ""

    def _next_ends(self) -> list[int]:
        """The ends of the next sentences, as many as are checked at once."""
        ends: list[int] = []
        place = self._place
        while (
            place - self._place < _AT_ONCE
            and (end := find_sentence_end(self._held, place, self._policy.language)) is not None
        ):
            ends.append(end)
            place = end
        return ends

    def _pass(self, ends: list[int]) -> str:
        """The part of the sentences that end there which may be shown; together they cost one check."""
        self._place = ends[-1]
        self._ends += ends
        if find_blocked(self._policy, self._seen(ends[-1])) is None:
            shown = next((end for end in reversed(ends) if not self._is_open(end)), 0)
            return self._give(shown)
        given: list[str] = []
        for end in ends:
            given.append(self._pass_one(end - sum(map(len, given))))
            if self.match is not None:
                break
        return "".join(given)

    def _pass_one(self, end: int) -> str:
        self.match = find_blocked(self._policy, self._seen(end))
        return "" if self.match is not None or self._is_open(end) else self._give(end)

    def _is_open(self, end: int) -> bool:
        return end < _LONGEST_HELD and is_open(self._policy, self._seen(end))

    def _seen(self, end: int) -> str:
        return "".join(self._context) + self._held[:end]

    def _give(self, end: int) -> str:
        """The first characters of what is held, which were found fit."""
        places = [0, *(place for place in self._ends if place < end), end]
        for start, stop in pairwise(places):
            self._remember(self._held[start:stop])
        text, self._held = self._held[:end], self._held[end:]
        self._ends = [place - end for place in self._ends if place > end]
        self._place = max(0, self._place - end)
        return text

    def _remember(self, sentence: str) -> None:
        """Keeps whole sentences only: half of one might be misread."""
        if not sentence:
            return
        self._context.append(sentence)
        while len(self._context) > 1 and sum(map(len, self._context[1:])) >= _CONTEXT:
            del self._context[0]


def filter_sentences(policy: Policy, text: str) -> tuple[str, RuleMatch | None]:
    """The part of a whole section that may be shown, and the match that stopped the rest."""
    one = SentenceFilter(policy)
    return one.feed(text) + one.close(), one.match
