"""Which rule of a script answers a call, and whether its fault is still due."""

import re
from dataclasses import dataclass

from tests.fakes.ask import Ask
from tests.fakes.script import Fault, Reply, Rule, Script


@dataclass(frozen=True, slots=True)
class Cue:
    """A rule's reply, completed by the script's default, and the fault that strikes this very call."""

    reply: Reply
    fault: Fault | None


class Matcher:
    """A script with its counters: how often a rule was met, was used, and its fault has struck."""

    def __init__(self, script: Script) -> None:
        self.script = script
        rules = range(len(script.rules) + 1)  # the last counter is the default reply's
        self._met = [0 for _ in rules]
        self._used = [0 for _ in rules]
        self._struck = [0 for _ in rules]

    def pick(self, ask: Ask) -> Cue:
        """The cue for this call; counts it."""
        for index, rule in enumerate(self.script.rules):
            if self._fits(index, rule, ask):
                return self._cue(index, rule.reply.over(self.script.default))
        return self._cue(len(self.script.rules), self.script.default)

    def _fits(self, index: int, rule: Rule, ask: Ask) -> bool:
        if not _meets(rule, ask):
            return False
        self._met[index] += 1
        if rule.nth is not None and self._met[index] != rule.nth:
            return False
        if rule.times is not None and self._used[index] >= rule.times:
            return False
        self._used[index] += 1
        return True

    def _cue(self, index: int, reply: Reply) -> Cue:
        fault = reply.fault
        if fault is None or (fault.times is not None and self._struck[index] >= fault.times):
            return Cue(reply, None)
        self._struck[index] += 1
        return Cue(reply, fault)


def _meets(rule: Rule, ask: Ask) -> bool:
    return (
        (rule.contains is None or rule.contains in ask.prompt_text)
        and (rule.pattern is None or re.search(rule.pattern, ask.prompt_text) is not None)
        and (rule.model is None or rule.model == ask.model)
        and (rule.api is None or rule.api == ask.api)
        and (rule.structured is None or rule.structured == ask.structured)
    )
