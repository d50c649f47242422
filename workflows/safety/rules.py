"""Local rules, the cheapest check: words and phrases of a policy, matched as whole words.

"war" isn't in "warm", and "Scunthorpe" passes.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from workflows.safety.policies.policy import Policy, Rule
from workflows.safety.words.compounds import is_likeness
from workflows.safety.words.folding import fold
from workflows.safety.words.lexicon import split_words
from workflows.safety.words.names import hide_names
from workflows.safety.words.spelling import is_spelling_out, long_runs, masked_words, readings, windows
from workflows.text.sentences import leads_on

_TAIL = 80
_SENTENCE_END = re.compile(r"[.!?\n]")


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule and the words that broke it, folded."""

    rule: Rule
    quote: str


def find(policy: Policy, text: str) -> list[RuleMatch]:
    """The matches of `policy` in a few sentences: each rule at most once, in the policy's order."""
    found: dict[int, RuleMatch] = {}
    for window in windows(text):
        for reading in _readings(policy, hide_names(window, policy.names)):
            for index, quote in _search(policy, reading):
                found.setdefault(index, RuleMatch(policy.rules[index], quote))
    return [found[index] for index in sorted(found)]


def find_blocked(policy: Policy, text: str) -> RuleMatch | None:
    """The first match that stops the text."""
    return next((match for match in find(policy, text) if match.rule.blocked), None)


def is_open(policy: Policy, text: str) -> bool:
    """Whether the text ends within a blocked phrase, or in a word being spelt out, so that the rest decides."""
    tail = text[-_TAIL:]
    return is_spelling_out(fold(tail)) or any(
        policy.blocked.is_begun(reading, split_words(reading)) for reading in readings(tail)
    )


def _readings(policy: Policy, text: str) -> Iterator[str]:
    yield from readings(text)
    folded = fold(text)
    for masked in masked_words(folded):
        yield from policy.blocked.unmask(masked)
    for run in long_runs(folded):
        yield from policy.blocked.find_within(run)


def _search(policy: Policy, reading: str) -> Iterator[tuple[int, str]]:
    words = split_words(reading)
    found = [*policy.lexicon.find(reading, words), *policy.scenes.find(reading, words)]
    if not found:
        return
    exempt = {
        (match.value, place)
        for match in policy.harmless.find(reading, words)
        for place in range(match.first, match.last + 1)
    }
    ends = [end.start() for end in _SENTENCE_END.finditer(reading) if not leads_on(reading, end.start())]
    pardoned = {
        (match.value, bisect(ends, words[match.first].start)) for match in policy.unless.find(reading, words)
    }
    for match in found:
        if (match.value, bisect(ends, words[match.first].start)) in pardoned:
            continue
        if is_likeness(reading, words, match, policy.rules[match.value].category):
            continue
        if not any((match.value, place) in exempt for place in range(match.first, match.last + 1)):
            yield match.value, reading[words[match.first].start : words[match.last].end]
