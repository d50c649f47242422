"""Logs of runs, with a plan or without, for clients of other projects."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.log.entry import Entry
from tests.unit.logs import run_logs
from tests.unit.messages import number
from workflows.messages.messages import OutlinePlanned, PlannedSection, decode

PLAN = OutlinePlanned(
    title="Four",
    sections=[
        PlannedSection(index=index, title=f"Part {index}", summary="", target_words=10) for index in range(4)
    ],
)


def gather_logs() -> list[list[Entry]]:
    """The same logs each time, all at once: a client's process is started once for them."""
    logs: list[list[Entry]] = []

    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(run_logs, st.booleans())
    def gather(log: list[Entry], is_planned: bool) -> None:
        first, *rest = (decode(entry.data) for entry in log)
        logs.append(number(first, *((PLAN,) if is_planned else ()), *rest))

    gather()
    assert len(logs) > 25
    return logs
