"""One run from its beginning, or from where it broke off, to its last message."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from langchain_core.callbacks import BaseCallbackHandler
from langgraph.errors import GraphDrained

from backend.log.base import RunLog
from backend.log.entry import LogUnavailable, StaleWriter
from backend.runs.admission.quota import Quota
from backend.runs.attempt.attempt import Writing
from backend.runs.attempt.budget import Account, Accounts
from backend.runs.attempt.finalize import Endings
from backend.runs.attempt.handle import Signals
from backend.runs.attempt.last_message import failure
from backend.runs.attempt.log_writer import RunWriter
from backend.runs.attempt.recording import Recorder
from backend.runs.readers.replay import replay
from backend.runs.results.cache import ResultCache
from backend.store.runs import Run, RunRepository
from backend.tasks import Background
from backend.telemetry.metrics import Outcome
from backend.telemetry.observers import Attempt, Sight
from workflows.errors import Cancelled, Internal, RunTimeout, StorywireError
from workflows.graph import Graph
from workflows.messages.messages import Message
from workflows.messages.transcript import Transcript
from workflows.safety.policy import Policy

log = structlog.get_logger()

_DIED = (
    "The service's process died {times} times in a row while it worked on this run, so it isn't taken up again by "
    "itself. The text so far is kept."
)


class Executor:
    """Executes runs. What it needs is given; what it knows of a run is in the log and the checkpoint."""

    def __init__(
        self,
        *,
        graphs: Mapping[str, Graph],
        run_log: RunLog,
        repository: RunRepository,
        policy_of: Callable[[Run], Policy],
        accounts: Accounts,
        cache: ResultCache,
        quota: Quota,
        sight: Sight,
        personal_of: Callable[[Run], Sequence[str] | None],
        background: Background,
        recorder: Recorder | None = None,
        merge_seconds: float,
        run_timeout: float,
    ) -> None:
        self._graphs = graphs
        self._log = run_log
        self._endings = Endings(graphs, repository, cache)
        self._policy_of = policy_of
        self._accounts = accounts
        self._repository = repository
        self._background = background
        self._cache = cache
        self._quota = quota
        self._sight = sight
        self._personal_of = personal_of
        self._recorder = recorder
        self._merge_seconds = merge_seconds
        self._run_timeout = run_timeout

    async def execute(self, run: Run, signals: Signals) -> None:
        """Returns when the run ended, waits for a person, or was stopped by `signals`."""
        structlog.contextvars.bind_contextvars(run_id=run.id, format=run.format)
        attempt: Attempt | None = None
        outcome: Outcome = "interrupted"
        try:
            epoch = await self._log.take_over(run.id)
            transcript, last_seq = await replay(self._log, run.id)
            if transcript.terminal is not None and last_seq != run.lifted_seq:
                # A crash fell between the log and the table. A run that was cancelled stays cancelled.
                await self._accounts.store(run, transcript)
                await self._endings.store(run, transcript.terminal, transcript)
                return
            log.info("run_begins", attempt=transcript.attempts + 1, model=run.model)
            attempt = self._sight.begin(run.id, run.format, transcript, lambda: self._personal_of(run))
            writer = RunWriter(
                self._log,
                run.id,
                epoch,
                last_seq=last_seq,
                transcript=transcript,
                merge_seconds=self._merge_seconds,
                watch=attempt,
            )
            async with writer:
                ending = await self._write(run, writer, signals, attempt)
                if ending is not None:
                    signals.settling = True
                    writer.put(ending)
            await self._accounts.store(run, transcript)
            outcome = await self._endings.store(run, ending, transcript)
        except StaleWriter:
            log.warning("run_taken_over")
        except LogUnavailable:
            # Its last message can't be written either: the run stays as it is and is found at the next start.
            log.exception("run_log_unavailable")
        finally:
            self._cache.land(run)
            self._log.let_go(run.id)
            if attempt is not None:
                attempt.ended(outcome)
                log.info("run_ends", outcome=outcome)

    async def _write(self, run: Run, writer: RunWriter, signals: Signals, attempt: Attempt) -> Message | None:
        """The run's last message; None when it isn't over: it waits for a person, or for another process."""
        ending: Message | None = None
        try:
            with self._accounts.keep(run, writer.transcript) as account:
                ending = await self._ending(run, writer, signals, attempt, account)
        finally:
            if self._recorder is not None:
                self._recorder.end(run, ending)
        for message in account.untold():
            writer.put(message)
        return ending

    async def _ending(
        self,
        run: Run,
        writer: RunWriter,
        signals: Signals,
        attempt: Attempt,
        account: Account,
    ) -> Message | None:
        try:
            async with asyncio.timeout(self._run_timeout) as patience:
                return await signals.guard(self._run_graph(run, writer, signals, attempt, account))
        except GraphDrained:
            return None
        except asyncio.CancelledError:
            if signals.reason is None:
                raise
            if signals.reason == "shutdown":
                return None
            if signals.reason == "given_up":
                log.error("run_given_up", deaths=run.deaths)
                return failure(Internal(_DIED.format(times=run.deaths)), writer.transcript)
            return failure(Cancelled("The run was stopped. The text so far is kept."), writer.transcript)
        except TimeoutError:
            if not patience.expired():  # somebody else's
                return _broken(writer)
            return failure(RunTimeout("The run took longer than it may, and was stopped."), writer.transcript)
        except (StaleWriter, LogUnavailable):
            raise
        except StorywireError as error:
            log.info("run_failed", code=error.code, cause=type(error.__cause__).__name__)
            return failure(error, writer.transcript)
        except Exception:
            return _broken(writer)

    async def _run_graph(
        self,
        run: Run,
        writer: RunWriter,
        signals: Signals,
        attempt: Attempt,
        account: Account,
    ) -> Message | None:
        callbacks: list[BaseCallbackHandler] = [*attempt.callbacks]
        if self._recorder is not None:
            callbacks += await self._recorder.begin(run)
        writing = Writing(
            run,
            self._graphs[run.format],
            writer,
            policy=self._policy_of(run),
            account=account,
            cache=self._cache,
            quota=self._quota,
            callbacks=callbacks,
            sight=attempt,
            section_ended=lambda: self._store_progress(run, writer.transcript),
        )
        return await writing.write(signals)

    def _store_progress(self, run: Run, transcript: Transcript) -> None:
        """What was spent, and that the run got on; beside the writing, which need not wait for it: if the
        process dies, little is missing."""
        # If it fails, the end of the run stores it again.
        self._background.do(lambda: self._accounts.store(run, transcript), name="progress")
        if run.deaths:
            self._background.do(lambda: self._repository.update(run.id, deaths=0), name="progress")


def _broken(writer: RunWriter) -> Message:
    """The last message for a fault of our own, which is being handled."""
    log.exception("run_broke")
    return failure(Internal("Something went wrong on our side. The text so far is kept."), writer.transcript)
