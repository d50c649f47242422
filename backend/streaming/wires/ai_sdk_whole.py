"""AI SDK UI message stream for versions 5 and 6 of `ai`, which can't take text back: each section once it is whole.

A section that is withdrawn after it was sent breaks the stream off with an error. Who reads again is sent what is
left.
"""

from collections.abc import Iterator

from backend.streaming.wires.ai_sdk import AiSdkMapper, Chunk, delta_of, failure_of, id_of, opening_of
from workflows.messages.messages import OutlinePlanned, RunCompleted, RunFailed, TextAppended, TextRetracted

WITHDRAWN = "Text that was shown here has been withdrawn: load the text again."


class WholeSectionsMapper(AiSdkMapper):
    """Reducer of a run's messages to chunks that are never taken back."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._makers |= {RunFailed: self._fail}
        self._shown = 0
        """Sections that were sent, counted from the first."""
        self._has_withdrawn = False

    def join(self) -> Iterator[Chunk]:
        """What is left, where something was withdrawn that had been sent; else nothing, since all of it is true."""
        self.is_broken = False
        if not self._has_withdrawn:
            return
        yield from self._beginning()
        yield from self._data.values()
        yield from self._sources.values()
        for section in range(self._shown):
            yield from self._send(section)

    def _plan(self, message: OutlinePlanned) -> Iterator[Chunk]:
        yield from self._keep(message)

    def _append(self, message: TextAppended) -> Iterator[Chunk]:
        if message.piece is not None:
            yield from self._append_piece(message.piece, message)
            return
        self._texts.setdefault(message.section, []).append(message.chunk)
        if message.is_complete:
            self._ended.add(message.section)
        while self._shown in self._ended:
            yield from self._send(self._shown)
            self._shown += 1

    def _retract(self, message: TextRetracted) -> Iterator[Chunk]:
        if message.piece is not None:
            yield from super()._retract(message)
            return
        self._texts.pop(message.section, None)
        self._ended.discard(message.section)
        if message.section < self._shown:
            self._shown = message.section
            self.is_broken = self._has_withdrawn = True
            yield {"type": "error", "errorText": WITHDRAWN}

    def _complete(self, message: RunCompleted) -> Iterator[Chunk]:
        yield from self._send_rest()
        self._ended |= self._texts.keys()
        yield from super()._complete(message)

    def _fail(self, message: RunFailed) -> Iterator[Chunk]:
        yield from self._send_rest()
        yield from failure_of(message)

    def _send_rest(self) -> Iterator[Chunk]:
        for section in sorted(self._texts):
            if section >= self._shown:
                yield from self._send(section)

    def _send(self, section: int) -> Iterator[Chunk]:
        yield opening_of(section)
        if text := "".join(self._texts[section]):
            yield delta_of(section, text)
        yield {"type": "text-end", "id": id_of(section)}
