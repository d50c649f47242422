"""What a run's messages come to in numbers, told with a clock that the test winds."""

import re
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from backend.telemetry.metrics import Measures, Watch
from backend.telemetry.observers import Sight
from backend.telemetry.prometheus import PrometheusMeasures
from tests.architecture.tree import ROOT
from tests.unit.messages import EVERY_TYPE, USAGE, complete, content, error, progress, retract, workflow
from workflows.messages.messages import (
    MetricsCalculated,
    NodeChanged,
    SafetyChecked,
    SafetyIssue,
    UsageUpdated,
)
from workflows.messages.transcript import Transcript


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def measures(clock: Clock) -> PrometheusMeasures:
    return PrometheusMeasures(clock)


def value(measures: PrometheusMeasures, name: str, **labels: str) -> float | None:
    """One sample; None if it was never counted."""
    return measures.registry.get_sample_value(f"storywire_{name}", labels)


def section_begins(section: int) -> NodeChanged:
    return NodeChanged(node="generate_content", status="started", section=section)


def test_watch_of_a_whole_run_counts_time_words_and_speed(measures: PrometheusMeasures, clock: Clock) -> None:
    watch = measures.watch("story", words=0, usage=None)
    watch.told([workflow("started")])
    clock.now += 2
    watch.told([section_begins(0)])
    clock.now += 0.5
    watch.told([content(0, "Once upon")])
    clock.now += 4
    watch.told([content(0, " a time.", ends=True), progress(90, 40)])
    clock.now += 1
    watch.told([complete()])
    watch.ended("completed")

    assert value(measures, "attempts_total", format="story", kind="first") == 1
    assert value(measures, "runs_total", format="story", outcome="completed") == 1
    assert value(measures, "run_seconds_sum", format="story", outcome="completed") == 7.5
    assert value(measures, "run_first_text_seconds_sum", format="story") == 2.5
    assert value(measures, "section_first_text_seconds_sum", format="story") == 0.5
    assert value(measures, "section_seconds_sum", format="story") == 4.5
    assert value(measures, "words_total", format="story") == 1  # as `complete` has it
    assert value(measures, "words_per_second_sum", format="story") == 0.25


def test_watch_of_a_resumed_run_counts_what_this_attempt_added(
    measures: PrometheusMeasures, clock: Clock
) -> None:
    watch = measures.watch("story", words=10, usage=USAGE)
    watch.told([workflow("resumed", 2), section_begins(1), content(1, "And")])
    clock.now += 1
    spent = USAGE.model_copy(update={"input_tokens": 150, "output_tokens": 40, "cost_usd": 0.75})
    watch.told([content(1, " so", ends=True), spent, error()])
    watch.ended("failed")

    assert value(measures, "attempts_total", format="story", kind="resumed") == 1
    assert value(measures, "words_total", format="story") == 2
    assert value(measures, "run_errors_total", format="story", code="MODEL_UNAVAILABLE") == 1
    about = {"model": "openai:test", "role": "all"}
    assert value(measures, "tokens_total", direction="input", **about) == 30
    assert value(measures, "tokens_total", direction="output", **about) == 6
    assert value(measures, "cost_usd_total", **about) == 0.25


def test_watch_of_a_run_that_tells_a_kept_result_counts_nothing_of_it_again(
    measures: PrometheusMeasures,
) -> None:
    watch = measures.watch("story", words=0, usage=None)
    watch.told([workflow("started")])
    watch.retold()
    watch.told(EVERY_TYPE)
    watch.ended("completed")

    counted = {
        sample.name.removeprefix("storywire_")
        for family in measures.registry.collect()
        for sample in family.samples
        if "format" in sample.labels and not sample.name.endswith("_created")
    }
    assert counted == {"attempts_total", "runs_total", "cached_runs_total"}


def test_watch_of_an_attempt_that_wrote_nothing_has_no_speed(measures: PrometheusMeasures) -> None:
    watch = measures.watch("story", words=5, usage=None)
    watch.ended("interrupted")
    assert value(measures, "runs_total", format="story", outcome="interrupted") == 1
    assert value(measures, "words_total", format="story") is None
    assert value(measures, "words_per_second_count", format="story") is None


def test_watch_counts_the_first_text_of_a_section_that_is_written_again_once(
    measures: PrometheusMeasures, clock: Clock
) -> None:
    watch = measures.watch("story", words=0, usage=None)
    watch.told([section_begins(0), content(0, "", ends=True)])
    clock.now += 1
    watch.told([retract(0), content(0, "Again."), content(0, " More.", ends=True)])
    assert value(measures, "section_first_text_seconds_count", format="story") is None
    assert value(measures, "section_seconds_count", format="story") == 1
    assert value(measures, "retractions_total", format="story", reason="restart") == 1


def test_watch_counts_findings_by_category_and_stage(measures: PrometheusMeasures) -> None:
    watch = measures.watch("story", words=0, usage=None)
    watch.told(EVERY_TYPE)
    about = {"format": "story", "stage": "final"}
    assert value(measures, "safety_verdicts_total", approved="no", **about) == 1
    assert value(measures, "safety_findings_total", category="violence", severity="high", **about) == 1


def test_watch_takes_the_delay_of_the_gate_from_the_metadata(measures: PrometheusMeasures) -> None:
    metrics = {
        "word_count": 4,
        "estimated_reading_time": 1,
        "vocabulary_level": "x",
        "educational_elements": [],
        "gate": {"mode": "sentence", "held_ms_max": 250.0, "held_ms_mean": 50.0},
    }
    watch = measures.watch("story", words=0, usage=None)
    watch.told([MetricsCalculated.model_validate(metrics)])
    watch.told([MetricsCalculated.model_validate({**metrics, "gate": {"mode": "open"}})])
    assert value(measures, "gate_delay_max_seconds_sum", gate="sentence") == 0.25
    assert value(measures, "gate_delay_mean_seconds_sum", gate="sentence") == 0.05
    assert value(measures, "gate_delay_max_seconds_count", gate="open") is None


def test_labels_that_others_choose_have_so_many_values_and_no_more(measures: PrometheusMeasures) -> None:
    watch = measures.watch("story", words=0, usage=None)
    for number in range(150):
        issue = SafetyIssue(category=f"category {number}", severity="low", advice="Mind.")
        verdict = SafetyChecked(stage="final", approved=True, score=1, issues=[issue])
        spent = UsageUpdated(model=f"openai:model-{number}", input_tokens=number + 1, output_tokens=0)
        watch.told([verdict, spent])
    found = {"format": "story", "stage": "final", "severity": "low"}
    assert value(measures, "safety_findings_total", category="category 99", **found) == 1
    assert value(measures, "safety_findings_total", category="other", **found) == 50
    assert value(measures, "tokens_total", model="other", role="all", direction="input") == 50


def test_replies_are_counted_by_route_with_methods_that_exist(measures: PrometheusMeasures) -> None:
    measures.answered("GET", "/healthz", 200, 0.002)
    measures.answered("BREW", "none", 405, 0.001)
    assert value(measures, "http_requests_total", method="GET", route="/healthz", status="200") == 1
    assert value(measures, "http_requests_total", method="other", route="none", status="405") == 1


def test_two_apps_count_for_themselves() -> None:
    one, other = PrometheusMeasures(), PrometheusMeasures()
    one.recovered("crash")
    assert value(one, "recovered_runs_total", after="crash") == 1
    assert value(other, "recovered_runs_total", after="crash") is None


def test_measures_that_are_off_take_every_call_and_render_nothing() -> None:
    measures = Measures()
    watch = measures.watch("story", words=0, usage=None)
    watch.told(EVERY_TYPE)
    watch.log_failed()
    watch.ended("completed")
    measures.appended(0.1, 3)
    measures.recovered("stop")
    measures.slow_reader_closed()
    measures.answered("GET", "/", 200, 0.1)
    measures.follow(active=lambda: 1, room=2, readers=lambda: 3)
    assert measures.render() is None


class _Broken(Measures, Watch):
    """Fails whatever it is told."""

    def watch(self, format: str, *, words: int, usage: UsageUpdated | None) -> Watch:
        del format, words, usage
        return self

    def told(self, messages: object) -> None:
        raise KeyError(messages)

    def ended(self, outcome: object) -> None:
        raise KeyError(outcome)

    def trace(self, about: object) -> NoReturn:
        raise KeyError(about)

    def close(self, seconds: float) -> None:
        raise KeyError(seconds)


def test_attempt_goes_on_when_those_who_look_on_break() -> None:
    broken = _Broken()
    with capture_logs() as logged:
        attempt = Sight(broken, [broken]).begin("r", "story", Transcript(), list)
        attempt.told(EVERY_TYPE)
        attempt.ended("completed")
    assert [line["event"] for line in logged] == ["not_measured"] * 3
    assert attempt.callbacks == []


def test_every_metric_is_in_the_documents_and_no_other(measures: PrometheusMeasures) -> None:
    page = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    families = [family for family in measures.registry.collect() if family.name.startswith("storywire_")]
    existing = {f"{family.name}{'_total' if family.type == 'counter' else ''}" for family in families}
    assert set(re.findall(r"`(storywire_[a-z_]+)`", page)) == existing
