"""Verdicts by the local rules: on inputs, on a section, on the whole text."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from workflows.messages.messages import CheckStage, SafetyIssue
from workflows.safety.personal import find_personal_data
from workflows.safety.policies.policy import Policy
from workflows.safety.rules import RuleMatch, find, find_blocked
from workflows.safety.screen import filter_sentences
from workflows.safety.untrusted.injection import decoded, find_injection
from workflows.safety.words.names import is_name, is_name_field
from workflows.state import Section
from workflows.text.sentences import split_sentences
from workflows.verdicts import Verdict

_T = TypeVar("_T")
_BORDER = 160  # characters on each side of a section's border
_AT_ONCE = 1000
_WEIGHT = {"low": 0.05, "medium": 0.2, "high": 0.6}


def check_sections(policy: Policy, sections: dict[int, Section], stage: CheckStage = "final") -> Verdict:
    """The verdict on sections: not approved as soon as one blocked rule is broken.

    Whatever a gate held back is found here too: both ask the same `SentenceFilter`.
    """
    found = [
        (index, match) for index in sorted(sections) for match in _matches(policy, sections[index]["text"])
    ]
    if stage == "final":  # pieces, which are judged as sections are, don't follow on each other
        found += _over_borders(policy, sections, found)
    return Verdict(
        stage=stage,
        approved=not any(match.rule.blocked for _, match in found),
        score=_score(match.rule.severity for _, match in found),
        issues=[issue_of(match, index) for index, match in found],
    )


def check_text(policy: Policy, text: str) -> Verdict:
    """The verdict on any one text."""
    verdict = check_sections(policy, {0: Section(index=0, text=text)})
    for issue in verdict["issues"]:
        del issue["section"]
    return verdict


def check_input(policy: Policy, given: Mapping[str, Any], root: str = "input") -> Verdict:
    """The verdict on an input, before anything is spent. Each advice begins with the field."""
    issues: list[tuple[bool, SafetyIssue]] = []
    for path, text in _fields(given, root):
        issues += _input_issues(policy, path, text)
    return Verdict(
        stage="input",
        approved=not any(blocked for blocked, _ in issues),
        score=_score(issue["severity"] for _, issue in issues),
        issues=[issue for _, issue in issues],
    )


def first_refused_field(policy: Policy, given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field that the policy refuses, and the reason."""
    for path, text in _fields(given, ""):
        for blocked, issue in _input_issues(policy, path, text):
            if blocked:
                return path, f"{issue['category']}: {issue['advice'].removeprefix(f'{path}: ')}"
    return None


def find_issues(policy: Policy, value: Any) -> list[SafetyIssue]:
    """Blocked terms in any of the texts inside a plain value: a plan, or a format's own results."""
    return [
        issue_of(match)
        for _, text in _fields(value, "")
        for match in find(policy, text)
        if match.rule.blocked
    ]


def texts_in(value: Any) -> list[str]:
    """All texts inside a plain value, in order."""
    return [text for _, text in _fields(value, "") if text.strip()]


def keep_fit(policy: Policy, value: _T) -> tuple[_T, int]:
    """The plain value without its blocked texts, and their number.

    An item of a list goes as a whole; elsewhere the text becomes empty.
    """
    kept, left_out = _without_blocked(policy, value)
    return kept, left_out


def _without_blocked(policy: Policy, value: Any) -> tuple[Any, int]:
    if isinstance(value, str):
        return ("", 1) if find_issues(policy, value) else (value, 0)
    if isinstance(value, Mapping):
        entries = {key: _without_blocked(policy, item) for key, item in value.items()}
        return {key: item for key, (item, _) in entries.items()}, sum(n for _, n in entries.values())
    if isinstance(value, list | tuple):
        fit = [item for item in value if not find_issues(policy, item)]
        return fit, len(value) - len(fit)
    return value, 0


def issue_of(match: RuleMatch, section: int | None = None) -> SafetyIssue:
    """The issue of a match, for readers."""
    issue = SafetyIssue(
        category=match.rule.category,
        severity=match.rule.severity,
        quote=match.quote,
        advice=match.rule.advice,
    )
    if section is not None:
        issue["section"] = section
    return issue


def _over_borders(
    policy: Policy, sections: dict[int, Section], found: list[tuple[int, RuleMatch]]
) -> Iterator[tuple[int, RuleMatch]]:
    """Blocked phrases that begin in one section and end in the next one, which is at fault."""
    at_fault = {index for index, match in found if match.rule.blocked}
    for index in sorted(sections):
        if index - 1 in sections and not at_fault & {index - 1, index}:
            end, start = sections[index - 1]["text"][-_BORDER:], sections[index]["text"][:_BORDER]
            match = find_blocked(policy, f"{end}\n\n{start}")
            if match and not find_blocked(policy, end) and not find_blocked(policy, start):
                yield index, match


def _matches(policy: Policy, text: str) -> list[RuleMatch]:
    found = [match for sentence in _suspicious(policy, text) for match in find(policy, sentence)]
    _, stopped = filter_sentences(policy, text)
    if stopped is not None and not any(match.rule.blocked for match in found):
        found.append(stopped)  # a phrase that runs over the end of a sentence
    return found


def _suspicious(policy: Policy, text: str) -> Iterator[str]:
    """The sentences of batches with a match. Most have none: they are searched together."""
    batch: list[str] = []
    size = 0
    for sentence in [*split_sentences(text, policy.language), None]:
        if sentence is None or size > _AT_ONCE:
            if batch and find(policy, "".join(batch)):
                yield from batch
            batch, size = [], 0
        if sentence is not None:
            batch.append(sentence)
            size += len(sentence)


def _input_issues(policy: Policy, path: str, text: str) -> Iterator[tuple[bool, SafetyIssue]]:
    for layer in () if is_name_field(path) and is_name(text) else (text, *decoded(text)):
        for match in find(policy, layer):
            issue = issue_of(match)
            issue["advice"] = f"{path}: {match.rule.advice}"
            yield match.rule.blocked, issue
    if policy.input.injection != "off" and (quote := find_injection(text)) is not None:
        advice = f"{path}: Say what the text is to be about; orders to the model are not followed."
        issue = SafetyIssue(category="prompt_injection", severity="high", quote=quote, advice=advice)
        yield policy.input.injection == "block", issue
    if policy.input.personal_data != "off" and (kind := find_personal_data(text)) is not None:
        advice = f"{path}: This holds {kind}; leave it out."
        yield (
            policy.input.personal_data == "block",
            SafetyIssue(category="personal_data", severity="medium", advice=advice),
        )


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _fields(item, f"{path}.{index}")


def _score(severities: Iterator[str] | Any) -> float:
    return round(max(0.0, 1.0 - sum(_WEIGHT[severity] for severity in severities)), 2)
