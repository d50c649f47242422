"""The cheapest check: words and phrases of a policy, found as whole words.

"war" isn't in "warm", and "Scunthorpe" passes.
"""

from dataclasses import dataclass

from workflows.safety.policy import Policy, Rule
from workflows.safety.spelling import fold


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule and the words that broke it, folded."""

    rule: Rule
    quote: str


def find(policy: Policy, sentence: str) -> list[Finding]:
    """What `policy` has to say of one sentence."""
    text = fold(sentence)
    return [Finding(rule, match.group()) for rule in policy.rules if (match := rule.pattern.search(text))]
