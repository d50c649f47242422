"""Courses of treatment in English clauses: whether somebody is told to go on with one, or to stop it. Pure."""

import re

from workflows.text.clauses.clauses import Course

_TREATMENT = (
    r"(?:taking|using|having|with|to take|to use)?(?: ?(?:it|them|this|these|that|the|your|all|any))?"
    r"(?: (?:medicines?|medications?|tablets?|pills?|capsules?|drops|treatment|drugs?|course|doses?|therapy"
    r"|blood thinners?|painkillers?|inhalers?))?"
)
_CONTINUE = re.compile(rf"(?:keep(?: on)?|continue|carry on|go on|stay on) {_TREATMENT}\b")
_STOP = re.compile(rf"(?:stop|quit|discontinue|come off|give up|cease) {_TREATMENT}\b")
_TREATED = re.compile(
    r"taking|using|\b(?:to take|to use|it|them)\b|medic|tablet|pill|capsule|drops|treatment|drug|course|dose|therapy"
    r"|blood thinner|painkiller|inhaler"
)
_ONLY_IF = re.compile(r"\bonly (?:if|when|after|once|on)\b")


def find_course(said: str, *, negates: bool) -> Course | None:
    """Whether it is about going on with a treatment, or about stopping it; `said` begins with its verb."""
    for pattern, course, other in ((_CONTINUE, "continue", "stop"), (_STOP, "stop", "continue")):
        if (match := pattern.match(said)) and _TREATED.search(match.group()):
            return other if negates else course  # type: ignore[return-value]
    return None


def is_stopped_only_if(said: str) -> bool:
    """Whether it is stopped in one case only, and so goes on."""
    return _ONLY_IF.search(said) is not None
