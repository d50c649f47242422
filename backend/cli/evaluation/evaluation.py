"""Writing the tasks, judging the texts, and keeping both in a folder."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from backend.cli.evaluation.judging import compare_texts, score_text
from backend.cli.evaluation.tasks import EvaluationTask, Outcome, Results, list_tasks
from backend.cli.runs.local import read_run
from backend.logs import configure_logs
from backend.resources import Resources, open_resources
from backend.runs.requests import RunRequest
from backend.settings import Settings
from backend.store.owner import LOCAL
from backend.store.schema.run_values import RunOptions
from backend.timezones import local_date
from workflows.errors import InvalidInput, StorywireError
from workflows.messages.messages import CallUsage, RunCompleted, RunFailed
from workflows.models.budget.ledger import Ledgers
from workflows.models.clients.catalog import Model
from workflows.models.spec import PROVIDERS
from workflows.prompts import dated

_RESULTS = "results.json"


class Evaluation:
    """Run of an evaluation. `say` gets each step; `against` is another model, or the folder of an earlier result."""

    def __init__(
        self, settings: Settings, out: Path, model: str, judge: str | None, against: str | None
    ) -> None:
        own = {"data_dir": out / ".storywire", "database_url": None, "log_level": "error"}
        self._settings = settings.model_copy(update=own)
        self._out = out
        self._results = Results(model=model, judge=judge, other=against)
        self._earlier = read_earlier(against)
        self._judge_costs: list[float | None] = []

    async def run(self, formats: list[str], n: int) -> Results:
        """Writes and judges, and keeps what there is after every text. Raises StorywireError where a judge can't be
        opened; a text that can't be written or judged is reported in its outcome."""
        configure_logs(self._settings)
        (self._out / "texts").mkdir(parents=True, exist_ok=True)
        async with open_resources(self._settings) as resources:
            tasks = list_tasks(resources.formats, formats, n)
            self._check(resources, tasks, formats)
            judge = await self._open_judge(resources)
            for task in tasks:
                self._results.outcomes.append(await self._evaluate(resources, judge, task))
                self._keep()
        return self._results

    def _check(self, resources: Resources, tasks: list[EvaluationTask], formats: list[str]) -> None:
        """Raises InvalidInput, before anything is spent, for what would only be noticed when it is too late."""
        if (self._out / _RESULTS).exists():
            raise InvalidInput(f"--out: {self._out} holds an evaluation already; give another folder")
        if unknown := [name for name in formats if name not in resources.formats]:
            raise InvalidInput(
                f"--format: no format {unknown[0]}; there are {', '.join(sorted(resources.formats))}"
            )
        other = self._results.other
        if other is None:
            return
        if self._results.judge is None:
            raise InvalidInput("--against needs --judge: somebody has to compare the texts")
        if self._earlier is None:
            resources.models.check(other)
        elif not any(task.key in self._earlier for task in tasks):
            raise InvalidInput(
                f"--against: {other} has no text of these tasks; its texts are {_listed(self._earlier)}"
            )

    async def _open_judge(self, resources: Resources) -> Model | None:
        if self._results.judge is None:
            return None
        resources.models.check(self._results.judge)
        judge = await resources.models.open(self._results.judge, "writing", {"temperature": 0.0})

        def record_cost(item: object) -> None:
            if isinstance(item, CallUsage):
                self._judge_costs.append(item.cost_usd)

        return judge.reporting(record_cost, "judge", None, Ledgers().of(None))

    async def _evaluate(self, resources: Resources, judge: Model | None, task: EvaluationTask) -> Outcome:
        outcome, text = await self._write(resources, task, self._results.model)
        if outcome.failure is not None:
            return outcome
        self._path(task.key).write_text(text, encoding="utf-8")
        if judge is not None:
            try:
                with dated(local_date(datetime.now(UTC), self._settings.time_zone).isoformat()):
                    await self._judge(resources, judge, task, outcome, text)
            except StorywireError as error:  # the text is paid for, and the other tasks are still to come
                outcome.not_judged = error.message
        return outcome

    async def _judge(
        self, resources: Resources, judge: Model, task: EvaluationTask, outcome: Outcome, text: str
    ) -> None:
        outcome.scores, outcome.comment = await score_text(
            judge, task.input, text, outcome.words, outcome.planned_words
        )
        other = await self._other_text(resources, task, outcome)
        if other is not None:
            outcome.against = await compare_texts(judge, task.input, text, other)

    async def _other_text(self, resources: Resources, task: EvaluationTask, outcome: Outcome) -> str | None:
        """The text that it is compared with; None where there is none."""
        if self._results.other is None:
            return None
        if self._earlier is not None:
            return self._earlier.get(task.key)
        other, text = await self._write(resources, task, self._results.other)
        outcome.other_failure = other.failure
        if other.failure is None:
            outcome.other_words, outcome.other_cost_usd = other.words, other.cost_usd
        if text:
            self._path(f"{task.key}.other").write_text(text, encoding="utf-8")
        return text or None

    async def _write(self, resources: Resources, task: EvaluationTask, model: str) -> tuple[Outcome, str]:
        outcome = Outcome(key=task.key, format=task.format)
        options = RunOptions(model=model, cache="off")
        try:
            run, _ = await resources.runs.start(LOCAL, RunRequest(task.format, dict(task.input), options))
        except StorywireError as error:
            outcome.failure = error.message
            return outcome, ""
        began = asyncio.get_running_loop().time()
        async with aclosing(read_run(resources, run)) as messages:
            async for message in messages:
                if isinstance(message, RunFailed):
                    outcome.failure = f"{message.code}: {message.message}"
                elif isinstance(message, RunCompleted):
                    outcome.seconds = round(asyncio.get_running_loop().time() - began, 1)
                    return _measured(outcome, message), message.story_content
        outcome.failure = outcome.failure or "The run didn't end."
        return outcome, ""

    def _path(self, key: str) -> Path:
        return self._out / "texts" / f"{key}.md"

    def _keep(self) -> None:
        if self._results.judge is not None:
            known = [cost for cost in self._judge_costs if cost is not None]
            self._results.judge_cost_usd = sum(known) if len(known) == len(self._judge_costs) else None
        (self._out / _RESULTS).write_text(self._results.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_earlier(against: str | None) -> dict[str, str] | None:
    """The texts of an earlier evaluation, by the key of their task; None where `against` is a model.

    Raises InvalidInput for a path that is no evaluation: `against` may be its folder, or the `results.json` in it.
    """
    if against is None:
        return None
    path = Path(against)
    if not path.exists():
        if is_model(against):
            return None
        raise InvalidInput(f"--against: {against} is no model (provider:model), and there is no such folder")
    folder = path.parent if path.name == _RESULTS else path
    try:
        Results.model_validate_json((folder / _RESULTS).read_bytes())
        return {one.stem: one.read_text(encoding="utf-8") for one in (folder / "texts").glob("*.md")}
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"--against: {against} isn't the folder of an evaluation, or its {_RESULTS}"
        ) from error


def is_model(name: str) -> bool:
    """Whether it is written as a model is."""
    provider, colon, model = name.partition(":")
    return bool(colon and model) and provider in PROVIDERS


def _listed(texts: dict[str, str]) -> str:
    return ", ".join(sorted(texts)[:5]) or "none"


def _measured(outcome: Outcome, ending: RunCompleted) -> Outcome:
    lengths = ending.metadata.get("lengths", [])
    wanted = sum(length["planned_words"] for length in lengths)
    written = sum(length["words"] for length in lengths)
    return outcome.model_copy(
        update={
            "words": written or ending.metadata["word_count"],  # with headings, as it was planned
            "planned_words": wanted,
            "cost_usd": ending.usage.cost_usd,
            "repetition": ending.metadata.get("repetition", 0.0),
            "length_off": round(written / wanted - 1, 4) if wanted else 0.0,
        }
    )


def evaluate_now(
    settings: Settings,
    out: Path,
    model: str,
    judge: str | None,
    against: str | None,
    formats: list[str],
    n: int,
) -> Results:
    """The whole of it, from a command."""
    return asyncio.run(Evaluation(settings, out, model, judge, against).run(formats, n))
