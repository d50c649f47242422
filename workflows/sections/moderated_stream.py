"""Moderation of a section's sentences by a provider while they stream.

It stands between the section's writer and the run's stream. A sentence goes on once its answer is there: in order,
whole, each once. While one request is under way the next sentences gather for another, so a section has one request
at a time however fast its model is.

A request that fails or takes too long ends this for the section: what follows is shown by the local rules alone,
or held to the section's end and asked about once more, as the settings say. Readers are told, and the verdict
on the whole text asks about every section again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from langgraph.types import StreamWriter

from workflows.errors import ModelError
from workflows.messages.messages import NodeChanged, SafetyChecked, SafetyIssue, TextAppended
from workflows.models.calls.patience import patience
from workflows.models.clients.catalog import Model
from workflows.models.configuration.moderation import SentenceModeration
from workflows.safety.moderation import MODERATED_SCORE, moderate
from workflows.safety.policies.policy import Policy
from workflows.state import ModeratedSentences, Section
from workflows.text.sentences import SentenceSplitter
from workflows.text.words import has_words

_AT_ONCE = 16
"""Sentences of one request, at most."""


@dataclass(slots=True)
class _Sentence:
    """A sentence that waits, with the white space after it; `ends` where it is the section's last."""

    text: str
    since: float
    ends: bool = False
    needs_answer: bool = True


@dataclass(slots=True)
class _Measures:
    """Sentences that had an answer, those that had none, and seconds for which they were held."""

    sentences: int = 0
    unanswered: int = 0
    seconds: list[float] = field(default_factory=list)


class ModeratedStream:
    """Path of a section whose sentences `model`'s provider moderates by `policy` (`async with`).

    `clock` gives seconds.
    """

    def __init__(
        self,
        section: int,
        publish: StreamWriter,
        model: Model,
        policy: Policy,
        limits: SentenceModeration,
        clock: Callable[[], float],
    ) -> None:
        self._section = section
        self._forward = publish
        self._model = model
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._cutter = _Cutter(policy.language)
        self._waiting: list[_Sentence] = []
        self._task: asyncio.Task[None] | None = None
        self._failed = False
        self._issues: list[SafetyIssue] = []
        self._shown = 0
        self._measures = _Measures()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            await self._settle()  # the section broke off: readers have what was written of it
        elif self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def publish(self, message: Any) -> None:
        """Takes the section's messages. Those that bring no text go on at once."""
        if not isinstance(message, TextAppended):
            self._forward(message)
        elif not self._issues:  # after a finding the rest is for the rewrite only
            now = self._clock()
            cut = self._cutter.feed(message.chunk, is_last=message.is_complete)
            self._waiting += [_Sentence(text, now, needs_answer=has_words(text)) for text in cut]
            if message.is_complete:
                self._waiting.append(_Sentence("", now, ends=True, needs_answer=False))
            self._go_on()

    async def finish(self, section: Section) -> Section:
        """The section with what moderation said of it, once all of it that may be shown has been.

        Raises a ModelError where sentences are held and there is no answer on them: that is no approval.
        """
        await self._settle()
        while self._waiting and not self._issues:  # held, because an answer didn't come
            batch = self._waiting[:_AT_ONCE]
            self._take_answer(batch, await self._ask(batch))
        return Section(index=section["index"], text=section["text"], moderation=self._report())

    def _go_on(self) -> None:
        if self._failed:
            if not self._limits.holds:
                self._show_unanswered()
        elif self._waiting and (self._task is None or self._task.done()):
            if any(sentence.needs_answer for sentence in self._waiting):
                self._task = asyncio.get_running_loop().create_task(self._answer())
            else:
                self._show(len(self._waiting))

    async def _settle(self) -> None:
        while self._task is not None and not self._task.done():
            await self._task
        if self._task is not None:
            self._task.result()

    async def _answer(self) -> None:
        """Asks about what waits, until nothing does."""
        while self._waiting and not self._issues:
            batch = self._waiting[:_AT_ONCE]
            left = batch[0].since + self._limits.seconds - self._clock()
            try:
                async with patience(max(0.0, left)):
                    issues = await self._ask(batch)
            except (TimeoutError, ModelError) as error:
                self._fail(error)
                return
            self._take_answer(batch, issues)

    async def _ask(self, batch: Sequence[_Sentence]) -> list[SafetyIssue]:
        """The issues, each with the place of its sentence in the batch as its section."""
        asked = [
            Section(index=place, text=sentence.text)
            for place, sentence in enumerate(batch)
            if sentence.needs_answer
        ]
        return await moderate(self._policy, asked, self._model) if asked else []

    def _take_answer(self, batch: Sequence[_Sentence], issues: list[SafetyIssue]) -> None:
        first = min((issue["section"] for issue in issues), default=None)
        self._measures.sentences += sum(sentence.needs_answer for sentence in batch)
        if first is None:
            self._show(len(batch))
            return
        self._show(first)
        self._waiting.clear()
        self._issues = [
            SafetyIssue(**{**issue, "section": self._section})
            for issue in issues
            if issue["section"] == first
        ]
        verdict = {"stage": "sentence", "approved": False, "score": MODERATED_SCORE, "issues": self._issues}
        about = {"section": self._section, "policy": self._policy.label, "layers": ["rules", "moderation"]}
        self._forward(SafetyChecked.model_validate({**verdict, **about}))

    def _fail(self, error: Exception) -> None:
        self._failed = True
        why = error.message if isinstance(error, ModelError) else "The provider's moderation took too long."
        then = (
            "the rest of it is shown when an answer on all of it is there."
            if self._limits.holds
            else "the rest of it is shown by the local rules alone, and the whole text is checked at its end."
        )
        message = f"{why} Section {self._section + 1}: {then}"
        self._forward(NodeChanged(node="generate_content", status="started", message=message))
        if not self._limits.holds:
            self._show_unanswered()

    def _show_unanswered(self) -> None:
        self._measures.unanswered += sum(sentence.needs_answer for sentence in self._waiting)
        self._show(len(self._waiting))

    def _show(self, count: int) -> None:
        """Passes the first sentences on, in one message."""
        shown, self._waiting = self._waiting[:count], self._waiting[count:]
        now = self._clock()
        self._measures.seconds += [now - sentence.since for sentence in shown if sentence.needs_answer]
        text = "".join(sentence.text for sentence in shown)
        self._shown += len(text)
        ends = any(sentence.ends for sentence in shown)
        if text or ends:
            # Not validated: the fields are ours.
            self._forward(
                TextAppended.model_construct(section=self._section, chunk=text, is_complete=ends, piece=None)
            )

    def _report(self) -> ModeratedSentences:
        measures = self._measures
        return ModeratedSentences(
            sentences=measures.sentences,
            unanswered=measures.unanswered,
            held_ms_max=round(max(measures.seconds, default=0.0) * 1000, 1),
            held_ms_sum=round(sum(measures.seconds) * 1000, 1),
            shown=self._shown,
            issues=self._issues,
        )


class _Cutter:
    """Cuts streamed text into sentences, each with the white space after it as far as that has come: so the gate
    behind knows at once that the sentence has ended."""

    def __init__(self, language: str | None) -> None:
        self._splitter = SentenceSplitter(language)
        self._ahead = 0  # characters of the sentence under way that went with the one before

    def feed(self, chunk: str, *, is_last: bool) -> list[str]:
        """The parts that are whole, including `chunk`; at the end all of the text."""
        sentences = self._splitter.feed(chunk)
        if is_last:
            sentences += self._splitter.close()
        parts: list[str] = []
        for sentence, following in zip(sentences, [*sentences[1:], self._splitter.rest], strict=False):
            part, self._ahead = sentence[self._ahead :], max(0, self._ahead - len(sentence))
            if part:
                blank = len(following) - len(following.lstrip())
                parts.append(part + following[:blank])
                self._ahead = blank
        return parts
