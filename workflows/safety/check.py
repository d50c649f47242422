"""A verdict on a text, by the local rules."""

from workflows.safety.policy import Policy
from workflows.safety.rules import Finding, find
from workflows.state import Issue, Section, Verdict
from workflows.text.words import split_sentences

_WEIGHT = {"low": 0.05, "medium": 0.2, "high": 0.6}


def check_sections(policy: Policy, sections: dict[int, Section]) -> Verdict:
    """The final verdict on all sections: not approved as soon as one blocked rule is broken."""
    found = [
        (index, finding)
        for index in sorted(sections)
        for sentence in split_sentences(sections[index]["text"])
        for finding in find(policy, sentence)
    ]
    return Verdict(
        stage="final",
        approved=not any(finding.rule.blocked for _, finding in found),
        score=round(max(0.0, 1.0 - sum(_WEIGHT[finding.rule.severity] for _, finding in found)), 2),
        issues=[_issue(index, finding) for index, finding in found],
    )


def _issue(index: int, finding: Finding) -> Issue:
    return Issue(
        category=finding.rule.category,
        severity=finding.rule.severity,
        section=index,
        quote=finding.quote,
        advice=finding.rule.advice,
    )
