"""Replies of a cassette: which one a call gets, in each attempt at a run. Pure."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, Literal

from workflows.errors import ModelNotConfigured
from workflows.models.cassettes.cassette import Call, Cassette

MatchMode = Literal["input", "exact"]

_REMEMBERED_ATTEMPTS = 1000


class PlaybackPositions:
    """Playback position of each attempt at a run; the oldest are forgotten."""

    def __init__(self) -> None:
        self._counters: OrderedDict[Any, Counter[Any]] = OrderedDict()

    def counter(self, attempt: object) -> Counter[Any]:
        """The counter of replies played to this attempt, to be updated by the caller."""
        if attempt is None:
            return Counter()
        counter = self._counters.setdefault(attempt, Counter())
        self._counters.move_to_end(attempt)
        if len(self._counters) > _REMEMBERED_ATTEMPTS:
            self._counters.popitem(last=False)
        return counter


class ReplyFinder:
    """Search for the next recorded reply. Counts afresh in each attempt at a run.

    So a run that was interrupted and goes on gets the replies of the section that it writes again, from their
    beginning, on whichever process that is.
    """

    def __init__(
        self, name: str, cassette: Cassette, match: MatchMode, played: PlaybackPositions | None = None
    ) -> None:
        """`played` outlives the replies where a run may open its cassette more than once."""
        self._name = name
        self._match = match
        self._calls = cassette.replies
        self._played = played or PlaybackPositions()

    def next(
        self, key: str, *, purpose: str = "", section: int | None = None, attempt: object = None
    ) -> Call:
        """The reply to the messages with the fingerprint `key`.

        `attempt` names the attempt at a run that calls; without one, nothing is counted and the first fitting reply
        is played. Raises ModelNotConfigured when the cassette has none.
        """
        played = self._played.counter(attempt)
        place = played["place", purpose, section]
        again = played["same", purpose, key]
        if attempt is not None:
            played["place", purpose, section] += 1
            played["same", purpose, key] += 1
        call = self._at(again, lambda call: call.fingerprint == key and call.purpose == purpose)
        if call is None and self._match == "input":
            call = self._at(place, lambda call: call.purpose == purpose and call.section == section)
        if call is None:
            raise ModelNotConfigured(self._sentence(purpose, section))
        return call

    def _at(self, index: int, fits: Callable[[Call], bool]) -> Call | None:
        fitting = [call for call in self._calls if fits(call)]
        return fitting[index] if index < len(fitting) else None

    def _sentence(self, purpose: str, section: int | None) -> str:
        where = purpose or "this call"
        if section is not None:
            where += f" of section {section + 1}"
        return (
            f"The cassette {self._name} has no reply for {where}. "
            "Record it again, with the input and the options that you play it with."
        )
