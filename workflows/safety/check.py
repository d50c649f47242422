"""A verdict on a text, by the local rules."""

from collections.abc import Iterator
from typing import Any

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


def find_issues(policy: Policy, value: Any) -> list[Issue]:
    """What is blocked in any of the texts inside a plain value: a plan, or a format's own results."""
    return [
        _issue(None, finding)
        for text in _texts(value)
        for finding in find(policy, text)
        if finding.rule.blocked
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _issue(index: int | None, finding: Finding) -> Issue:
    issue = Issue(
        category=finding.rule.category,
        severity=finding.rule.severity,
        quote=finding.quote,
        advice=finding.rule.advice,
    )
    if index is not None:
        issue["section"] = index
    return issue
