"""Gate: holds back a run's text until the safety policy lets it through. Values to values.

Stands between the events and the log. `open` lets everything through. `sentence` releases text sentence by
sentence, each when the local rules have passed it; when one breaks a rule, nothing more of its section is
released until the section is retracted and written again. `section` releases a section when a verdict has
approved it. Every other message passes at once, so progress goes on while text is held.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from workflows.messages.messages import (
    Message,
    MetricsCalculated,
    SafetyChecked,
    SafetyIssue,
    Slot,
    TextAppended,
    TextRetracted,
    slot_of,
)
from workflows.safety.check import issue_of
from workflows.safety.policies.policy import GateMode, Policy
from workflows.safety.rules import RuleMatch
from workflows.safety.screen import SentenceFilter, filter_sentences
from workflows.state import Section, State


class Gate:
    """The gate of one attempt at a run. `clock` gives seconds, for measuring the delay that the gate adds."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._mode: GateMode = policy.gate
        self._held: dict[Slot, _Held] = {}
        self._released: set[Slot] = set()
        """Sections and pieces that a gate of whole sections has released."""
        self._delays = _Delays(clock)

    def take(self, message: Message) -> Iterator[Message]:
        """The messages for readers in place of this one: itself, a part of the text, more of it, or nothing."""
        match message:
            case TextAppended() as content if self._mode != "open":
                yield from self._take_text(content)
            case TextRetracted():
                self._held.pop(slot_of(message), None)
                self._released.discard(slot_of(message))
                self._delays.drop(slot_of(message))
                yield message
            case SafetyChecked() as verdict:
                yield self._without_held_quotes(verdict)
                if verdict.stage == "section":
                    yield from self._take_verdict(verdict)
            case MetricsCalculated() as metrics:
                known = (metrics.model_extra or {}).get("gate", {})  # what moderation of sentences measured
                yield metrics.model_copy(update={"gate": {**known, **self.report()}})
            case _:
                yield message

    def shown(self, state: State, section: Section) -> tuple[str, bool]:
        """The text of a finished section that readers may have, and whether that is all of it."""
        if self._mode == "open":
            return section["text"], True
        if self._mode == "section":
            verdict = state.get("judged", {}).get(section["index"])
            if verdict is None or not verdict["approved"]:
                return "", False
        passed = _passed(section)
        text, match = filter_sentences(self._policy, passed)
        if self._mode == "section" and match is not None:
            return "", False
        return text, match is None and len(passed) == len(section["text"])

    def report(self) -> dict[str, Any]:
        """Time for which text was held back so far, in milliseconds, for `metadata`."""
        return {"mode": self._mode, **self._delays.report()}

    def _take_text(self, content: TextAppended) -> Iterator[Message]:
        slot = slot_of(content)
        if (held := self._held.get(slot)) is None:
            held = self._held[slot] = _Held(self._policy)
        if held.is_stopped:
            return
        self._delays.arrive(slot, len(content.chunk))
        text = held.add(content)
        if self._mode == "sentence" and (text or held.is_whole):
            yield self._release(content, text, ends=held.is_whole)
        if held.match is not None:
            yield self._refusal(content, held.match)

    def _take_verdict(self, verdict: SafetyChecked) -> Iterator[Message]:
        if self._mode != "section" or not verdict.approved:
            return
        slot = verdict.section if verdict.piece is None else verdict.piece
        held = self._held.get(slot) if slot is not None else None
        if slot is None or held is None or not held.is_whole:
            return
        del self._held[slot]
        self._released.add(slot)
        about = TextAppended(section=verdict.section or 0, piece=verdict.piece, chunk="")
        yield self._release(about, "".join(held.passed), ends=True)

    def _without_held_quotes(self, verdict: SafetyChecked) -> SafetyChecked:
        """The verdict without quotes of text that readers don't have."""
        issues = [
            _without_quote(issue) if self._is_held(verdict.piece or issue.get("section")) else issue
            for issue in verdict.issues
        ]
        return verdict.model_copy(update={"issues": issues})

    def _is_held(self, slot: Slot | None) -> bool:
        if slot is None:
            return False
        if self._mode == "section":
            return slot not in self._released
        return slot in self._held and self._held[slot].is_stopped

    def _release(self, about: TextAppended, text: str, *, ends: bool) -> TextAppended:
        self._delays.release(slot_of(about), len(text))
        return TextAppended(section=about.section, piece=about.piece, chunk=text, is_complete=ends)

    def _refusal(self, content: TextAppended, match: RuleMatch) -> SafetyChecked:
        section = content.section if content.piece is None else None
        issue = _without_quote(issue_of(match, section))
        verdict = {"stage": "sentence", "approved": False, "score": 0.0, "issues": [issue]}
        about = {
            "section": section,
            "piece": content.piece,
            "policy": self._policy.label,
            "layers": ["rules"],
        }
        return SafetyChecked.model_validate({**verdict, **about})


def _passed(section: Section) -> str:
    """The text of the section up to a sentence that moderation stopped."""
    return section["text"][: section["moderation"]["shown"]] if "moderation" in section else section["text"]


def _without_quote(issue: SafetyIssue) -> SafetyIssue:
    kept = issue.copy()
    kept.pop("quote", None)
    return kept


class _Held:
    """Text of a section or piece, as far as the local rules have passed it."""

    def __init__(self, policy: Policy) -> None:
        self._filter = SentenceFilter(policy)
        self.passed: list[str] = []
        self.is_whole = False

    @property
    def match(self) -> RuleMatch | None:
        """The broken rule that stopped the section."""
        return self._filter.match

    @property
    def is_stopped(self) -> bool:
        return self.match is not None

    def add(self, content: TextAppended) -> str:
        """Adds text; returns the text that has passed, of it and of what was held."""
        text = self._filter.feed(content.chunk)
        if content.is_complete:
            text += self._filter.close()
            self.is_whole = self._filter.match is None
        self.passed.append(text)
        return text


class _Delays:
    """Delay of each chunk, from its arrival to the release of its last character."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: dict[Slot, deque[tuple[float, int]]] = {}
        self._count = 0
        self._sum = 0.0
        self._max = 0.0

    def arrive(self, slot: Slot, length: int) -> None:
        if length:
            self._waiting.setdefault(slot, deque()).append((self._clock(), length))

    def release(self, slot: Slot, length: int) -> None:
        waiting = self._waiting.get(slot)
        now = self._clock()
        while waiting and length >= waiting[0][1]:
            since, size = waiting.popleft()
            length -= size
            self._count += 1
            self._sum += now - since
            self._max = max(self._max, now - since)
        if waiting:
            since, size = waiting[0]
            waiting[0] = (since, size - length)

    def drop(self, slot: Slot) -> None:
        self._waiting.pop(slot, None)

    def report(self) -> dict[str, float]:
        mean = self._sum / self._count if self._count else 0.0
        return {"held_ms_max": round(self._max * 1000, 1), "held_ms_mean": round(mean * 1000, 1)}
