"""Dialogue of two hosts: a model's reply streamed into turns `Name: text`. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workflows.formats.speech.filter.script_filter import ScriptFilter
from workflows.formats.speech.filter.turn_writer import ScriptStyle
from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.speakers.names import fold
from workflows.formats.speech.turns import parse_turns

_STYLE = ScriptStyle(keeps_tags=False, spells_out=False, alternates=True)


class Dialogue(ScriptFilter):
    """Converter of a stream of lines to turns, with a blank line between two. Feed, then `close`.

    Labels come out as the hosts' names are written. A paragraph without one is the last speaker's; where a
    text has no labels at all, the hosts take turns. Somebody who is no host is spoken by one of them.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        language: str = "en",
        titles: Sequence[str] = (),
        *,
        joins_turns: bool = False,
        after: str | None = None,
        addresses: frozenset[str] = frozenset(),
    ) -> None:
        """`joins_turns`: turns of the same host in a row come out as one, also with that of the host who spoke last
        before (`after`). `addresses`: those that are said (`list_addresses`)."""
        other = next((host for host in hosts if host != after), None) if after else None
        style = replace(_STYLE, addresses=addresses)
        super().__init__(cast_of(hosts), language, other, style=style, titles=titles)
        names = "|".join(map(re.escape, hosts))
        self._label = re.compile(rf"(?:\A|\n\n)({names}): ") if joins_turns else None
        self._last_speaker = after or ""
        self._has_begun = False

    def feed(self, chunk: str) -> str:
        """As `ScriptFilter.feed`."""
        return self._join(super().feed(chunk))

    def close(self) -> str:
        """As `ScriptFilter.close`."""
        return self._join(super().close())

    def _join(self, text: str) -> str:
        # A label comes out in one with the first words behind it.
        return text if self._label is None else self._label.sub(self._label_or_blank, text)

    def _label_or_blank(self, label: re.Match[str]) -> str:
        is_first, self._has_begun = not self._has_begun, True
        if label.group().startswith("\n") == is_first:
            return label.group()  # these words only look like a label
        is_same, self._last_speaker = label[1] == self._last_speaker, label[1]
        if not is_same:
            return label.group()
        return "" if is_first else " "


def cast_of(hosts: Sequence[str]) -> Cast:
    """The hosts by their names and initials; the first is the host of a script, the second the guest."""
    first, second = hosts
    initials = {fold(first)[:1]: first, fold(second)[:1]: second}
    letters = initials if len(initials) == 2 else {}
    called = {"a": first, "b": second, **letters}
    called["q"] = letters.get("q") or (second if called["a"] == first else first)
    roles = {"lead": first, "partner": second, "expert": second}
    return Cast((first, second), called, roles, are_persons=True)


def read_turns(text: str, hosts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The turns of a finished script: speaker and text."""
    for turn in parse_turns(text, hosts):
        yield turn.speaker, turn.text
