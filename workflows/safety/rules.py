"""The cheapest check: words and phrases of a policy, found as whole words.

"war" isn't in "warm", and "Scunthorpe" passes.
"""

from dataclasses import dataclass

from workflows.safety.policy import Policy, Rule
from workflows.safety.spelling import fold, readings


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule and the words that broke it, folded."""

    rule: Rule
    quote: str


def find(policy: Policy, sentence: str) -> list[Finding]:
    """What `policy` has to say of one sentence or a few: each rule at most once, in the policy's order."""
    found: dict[int, Finding] = {}
    for text in readings(fold(sentence)):
        if policy.blocked is None or not policy.blocked.search(text):
            continue
        for index, rule in enumerate(policy.rules):
            if index not in found and (quote := _search(rule, text)) is not None:
                found[index] = Finding(rule, quote)
    return [found[index] for index in sorted(found)]


def find_blocked(policy: Policy, sentence: str) -> Finding | None:
    """The first finding that stops the text."""
    return next((finding for finding in find(policy, sentence) if finding.rule.blocked), None)


def is_open(policy: Policy, sentence: str) -> bool:
    """Whether the sentence ends in the first words of a blocked phrase, so that what follows decides."""
    if policy.beginnings is None:
        return False
    tail = fold(sentence[-80:])
    return any(policy.beginnings.search(text) for text in readings(tail))


def _search(rule: Rule, text: str) -> str | None:
    if rule.innocent is not None:
        text = rule.innocent.sub(" x ", text)
    match = rule.pattern.search(text)
    return match.group() if match else None
