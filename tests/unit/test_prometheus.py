"""What a run's messages come to in numbers, told with a clock that the test winds."""

import re
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from backend.telemetry.metrics import AttemptMetrics, Metrics
from backend.telemetry.observers import Observers
from backend.telemetry.prometheus import PrometheusMetrics
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
def metrics(clock: Clock) -> PrometheusMetrics:
    return PrometheusMetrics(clock)


def value(metrics: PrometheusMetrics, name: str, **labels: str) -> float | None:
    """One sample; None if it was never counted."""
    return metrics.registry.get_sample_value(f"storywire_{name}", labels)


def section_begins(section: int) -> NodeChanged:
    return NodeChanged(node="generate_content", status="started", section=section)


def test_metrics_of_a_whole_run_counts_time_words_and_speed(metrics: PrometheusMetrics, clock: Clock) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages([workflow("started")])
    clock.now += 2
    counts.on_messages([section_begins(0)])
    clock.now += 0.5
    counts.on_messages([content(0, "Once upon")])
    clock.now += 4
    counts.on_messages([content(0, " a time.", ends=True), progress(90, 40)])
    clock.now += 1
    counts.on_messages([complete()])
    counts.on_end("completed")

    assert value(metrics, "attempts_total", format="story", kind="first") == 1
    assert value(metrics, "runs_total", format="story", outcome="completed") == 1
    assert value(metrics, "run_seconds_sum", format="story", outcome="completed") == 7.5
    assert value(metrics, "run_first_text_seconds_sum", format="story") == 2.5
    assert value(metrics, "section_first_text_seconds_sum", format="story") == 0.5
    assert value(metrics, "section_seconds_sum", format="story") == 4.5
    assert value(metrics, "words_total", format="story") == 1  # as `complete` has it
    assert value(metrics, "words_per_second_sum", format="story") == 0.25


def test_metrics_of_a_resumed_run_counts_what_this_attempt_added(
    metrics: PrometheusMetrics, clock: Clock
) -> None:
    counts = metrics.attempt("story", words=10, usage=USAGE)
    counts.on_messages([workflow("resumed", 2), section_begins(1), content(1, "And")])
    clock.now += 1
    spent = USAGE.model_copy(update={"input_tokens": 150, "output_tokens": 40, "cost_usd": 0.75})
    counts.on_messages([content(1, " so", ends=True), spent, error()])
    counts.on_end("failed")

    assert value(metrics, "attempts_total", format="story", kind="resumed") == 1
    assert value(metrics, "words_total", format="story") == 2
    assert value(metrics, "run_errors_total", format="story", code="MODEL_UNAVAILABLE") == 1
    about = {"model": "openai:test", "role": "all"}
    assert value(metrics, "tokens_total", direction="input", **about) == 30
    assert value(metrics, "tokens_total", direction="output", **about) == 6
    assert value(metrics, "cost_usd_total", **about) == 0.25


def test_metrics_of_a_run_that_tells_a_kept_result_counts_nothing_of_it_again(
    metrics: PrometheusMetrics,
) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages([workflow("started")])
    counts.on_cache_hit()
    counts.on_messages(EVERY_TYPE)
    counts.on_end("completed")

    counted = {
        sample.name.removeprefix("storywire_")
        for family in metrics.registry.collect()
        for sample in family.samples
        if "format" in sample.labels and not sample.name.endswith("_created")
    }
    assert counted == {"attempts_total", "runs_total", "cached_runs_total"}


def test_metrics_of_an_attempt_that_wrote_nothing_has_no_speed(metrics: PrometheusMetrics) -> None:
    counts = metrics.attempt("story", words=5, usage=None)
    counts.on_end("interrupted")
    assert value(metrics, "runs_total", format="story", outcome="interrupted") == 1
    assert value(metrics, "words_total", format="story") is None
    assert value(metrics, "words_per_second_count", format="story") is None


def test_metrics_counts_the_first_text_of_a_section_that_is_written_again_once(
    metrics: PrometheusMetrics, clock: Clock
) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages([section_begins(0), content(0, "", ends=True)])
    clock.now += 1
    counts.on_messages([retract(0), content(0, "Again."), content(0, " More.", ends=True)])
    assert value(metrics, "section_first_text_seconds_count", format="story") is None
    assert value(metrics, "section_seconds_count", format="story") == 1
    assert value(metrics, "retractions_total", format="story", reason="restart") == 1


def test_metrics_counts_findings_by_category_and_stage(metrics: PrometheusMetrics) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages(EVERY_TYPE)
    about = {"format": "story", "stage": "final"}
    assert value(metrics, "safety_verdicts_total", approved="no", **about) == 1
    assert value(metrics, "safety_findings_total", category="violence", severity="high", **about) == 1


def test_metrics_takes_the_delay_of_the_gate_from_the_metadata(metrics: PrometheusMetrics) -> None:
    calculated = {
        "word_count": 4,
        "estimated_reading_time": 1,
        "vocabulary_level": "x",
        "educational_elements": [],
        "gate": {"mode": "sentence", "held_ms_max": 250.0, "held_ms_mean": 50.0},
    }
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages([MetricsCalculated.model_validate(calculated)])
    counts.on_messages([MetricsCalculated.model_validate({**calculated, "gate": {"mode": "open"}})])
    assert value(metrics, "gate_delay_max_seconds_sum", gate="sentence") == 0.25
    assert value(metrics, "gate_delay_mean_seconds_sum", gate="sentence") == 0.05
    assert value(metrics, "gate_delay_max_seconds_count", gate="open") is None


def test_labels_that_others_choose_have_so_many_values_and_no_more(metrics: PrometheusMetrics) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    for number in range(150):
        issue = SafetyIssue(category=f"category {number}", severity="low", advice="Mind.")
        verdict = SafetyChecked(stage="final", approved=True, score=1, issues=[issue])
        spent = UsageUpdated(model=f"openai:model-{number}", input_tokens=number + 1, output_tokens=0)
        counts.on_messages([verdict, spent])
    found = {"format": "story", "stage": "final", "severity": "low"}
    assert value(metrics, "safety_findings_total", category="category 99", **found) == 1
    assert value(metrics, "safety_findings_total", category="other", **found) == 50
    assert value(metrics, "tokens_total", model="openai:other", role="all", direction="input") == 50


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("replay:/home/somebody/a.jsonl", "replay:other"),
        ("openai:" + "x" * 500, "openai:other"),
        ("groq:a\nb", "groq:other"),
        ("nobody:x", "nobody:x"),
        ("groq:llama", "groq:llama"),
    ],
)
def test_name_of_a_model_that_is_a_path_or_no_name_is_no_label(
    metrics: PrometheusMetrics, model: str, label: str
) -> None:
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages([UsageUpdated(model=model, input_tokens=3, output_tokens=0)])
    assert value(metrics, "tokens_total", model=label, role="all", direction="input") == 3


def test_replies_are_counted_by_route_with_methods_that_exist(metrics: PrometheusMetrics) -> None:
    metrics.on_response("GET", "/healthz", 200, 0.002)
    metrics.on_response("BREW", "none", 405, 0.001)
    assert value(metrics, "http_requests_total", method="GET", route="/healthz", status="200") == 1
    assert value(metrics, "http_requests_total", method="other", route="none", status="405") == 1


def test_two_apps_count_for_themselves() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.on_recovery("crash")
    assert value(one, "recovered_runs_total", after="crash") == 1
    assert value(other, "recovered_runs_total", after="crash") is None


def test_measures_that_are_off_take_every_call_and_render_nothing() -> None:
    metrics = Metrics()
    counts = metrics.attempt("story", words=0, usage=None)
    counts.on_messages(EVERY_TYPE)
    counts.on_log_failure()
    counts.on_end("completed")
    metrics.on_append(0.1, 3)
    metrics.on_recovery("stop")
    metrics.on_slow_reader()
    metrics.on_response("GET", "/", 200, 0.1)
    metrics.track(active=lambda: 1, room=2, readers=lambda: 3)
    assert metrics.render() is None


class _Broken(Metrics, AttemptMetrics):
    """Fails whatever it is told."""

    def attempt(self, format: str, *, words: int, usage: UsageUpdated | None) -> AttemptMetrics:
        del format, words, usage
        return self

    def on_messages(self, messages: object) -> None:
        raise KeyError(messages)

    def on_end(self, outcome: object) -> None:
        raise KeyError(outcome)

    def trace(self, about: object) -> NoReturn:
        raise KeyError(about)

    def close(self, seconds: float) -> None:
        raise KeyError(seconds)


def test_attempt_whose_observers_break_goes_on() -> None:
    broken = _Broken()
    with capture_logs() as logged:
        attempt = Observers(broken, [broken]).observe("r", "story", Transcript(), list)
        attempt.on_messages(EVERY_TYPE)
        attempt.on_end("completed")
    assert [line["event"] for line in logged] == ["not_measured"] * 3
    assert attempt.callbacks == []


def test_every_metric_is_in_the_documents_and_no_other(metrics: PrometheusMetrics) -> None:
    page = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    families = [family for family in metrics.registry.collect() if family.name.startswith("storywire_")]
    existing = {f"{family.name}{'_total' if family.type == 'counter' else ''}" for family in families}
    assert set(re.findall(r"`(storywire_[a-z_]+)`", page)) == existing
