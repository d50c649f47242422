"""The client without asyncio: `with`, `for`."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, cast

import httpx2

from storywire_client import calls
from storywire_client.calls import Attempts
from storywire_client.messages import Complete, Message, Quote, Run, RunPage, RunSummary
from storywire_client.printer import Printer
from storywire_client.reconnect import Reconnect, Retryable, failure, unreachable
from storywire_client.session import Call, Session, start_call, view_of
from storywire_client.settings import TIMEOUT, CompleteText, Granularity, Order, headers_of, stream_timeout

Token = str | Callable[[], str] | None


class _Http:
    """Requests with the caller's credential."""

    def __init__(self, client: httpx2.Client, token: Token, reconnect: Reconnect) -> None:
        self._client = client
        self._token = token
        self.reconnect = reconnect

    def call(self, call: Call) -> httpx2.Response:
        """The response, read. Raises Refused, Unreachable."""
        attempts = Attempts(call, self.reconnect)
        while True:
            try:
                with self.open(call) as response:
                    response.read()
                    return response
            except Retryable as failed:
                time.sleep(attempts.pause(failed))

    @contextmanager
    def open(self, call: Call, *, stream: bool = False) -> Iterator[httpx2.Response]:
        """The response, as it comes. Raises Refused, Retryable."""
        token = self._token() if callable(self._token) else self._token
        timeout = stream_timeout(self._client.timeout, self.reconnect) if stream else self._client.timeout
        try:
            with self._client.stream(
                call.method,
                call.path,
                json=call.body,
                params=dict(call.params),
                headers=headers_of(call, token),
                timeout=timeout,
            ) as response:
                if response.status_code >= 300:
                    response.read()
                    raise failure(response)
                yield response
        except httpx2.UnsupportedProtocol:
            raise
        except httpx2.RequestError as error:
            raise unreachable(error) from error


class Story:
    """A run as it is read. Leaving the `with` closes the connection; the run goes on."""

    def __init__(self, http: _Http, runs: "Runs", session: Session) -> None:
        self._http = http
        self._runs = runs
        self._session = session
        self._source: Generator[Message] | None = None
        self._first: Message | None = None

    @property
    def run_id(self) -> str:
        """The run's id."""
        assert self._session.reader.run_id is not None
        return self._session.reader.run_id

    @property
    def last_event_id(self) -> str | None:
        """The id of the last message read: keep it, and go on from it with `follow(run_id, after=…)`."""
        return self._session.reader.last_event_id

    @property
    def sections(self) -> dict[int, str]:
        """The text of each section so far, in reading order."""
        return self._session.reader.sections

    @property
    def pieces(self) -> dict[str, str]:
        """The texts beside the story so far, by name."""
        return self._session.reader.pieces

    def __iter__(self) -> Generator[Message]:
        """Each message once, in order, over any number of breaks. A second loop goes on where the first one left.

        Raises Refused, and Unreachable when the attempts are used up. A run that fails ends with a message `error`.
        """
        while (message := self._next()) is not None:
            yield message

    def text(self) -> Iterator[str]:
        """The story's text in reading order, as it can be printed. Raises Retracted, RunFailed."""
        fresh = self._session.reader.whole and (self._session.reader.seq < 0 or self._first is not None)
        printer = Printer(whole=fresh)
        for message in self:
            yield from printer.take(message)

    def result(self) -> Complete:
        """The finished result, its text checked, after reading to the end. Raises RunFailed, HashMismatch."""
        for _ in self:
            pass
        return self._session.reader.result()

    def cancel(self) -> None:
        """Stops the run, for everyone. The story can be read on to its last message."""
        self._runs.cancel(self.run_id)

    def close(self) -> None:
        """Closes the connection; the run goes on. Reading on opens another one."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        """Reads up to the first message, so that the run has begun and its id is known."""
        self._first = self._next()

    def _next(self) -> Message | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._source is None:
            self._source = self._messages()
        try:
            return next(self._source, None)
        except BaseException:
            self._source = None  # it can be read on
            raise

    def _messages(self) -> Generator[Message]:
        session = self._session
        while not session.reader.ended:
            try:
                yield from self._connection()
                broken = unreachable(None, session.reader.run_id)
            except Retryable as failed:
                broken = failed
            if not session.reader.ended:
                time.sleep(session.broke(broken))

    def _connection(self) -> Generator[Message]:
        session = self._session
        with self._http.open(session.request(), stream=True) as response:
            session.opened(response)
            if response.status_code == 204:
                session.look_up_end(self._runs.get(self.run_id))
                return
            for event in httpx2.EventSource(response, max_event_size=None):
                message = session.take(event)
                if message is not None:
                    yield message
                if session.reader.ended:
                    return


class Runs:
    """The runs of the caller."""

    def __init__(self, http: _Http) -> None:
        self._http = http

    def get(self, run_id: str) -> Run:
        """One run with its text so far."""
        return cast(Run, self._http.call(calls.get(run_id)).json())

    def list(self, *, status: str | None = None, format: str | None = None) -> Iterator[RunSummary]:
        """The runs, newest first; fetches page after page as they are read."""
        cursor: str | None = None
        while True:
            page = cast(RunPage, self._http.call(calls.page(status, format, cursor)).json())
            yield from page["runs"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def quote(self, run_id: str) -> Quote:
        """What is left to write, and about what it costs."""
        return cast(Quote, self._http.call(calls.quote(run_id)).json())

    def resume(
        self,
        run_id: str,
        *,
        after: str | None = None,
        budget_usd: float | None = None,
        max_output_tokens: int | None = None,
    ) -> Story:
        """Goes on with a failed or cancelled run, and reads it: from the start, or after an id."""
        self._http.call(calls.resume(run_id, budget_usd, max_output_tokens))
        return Story(self._http, self, Session(self._http.reconnect, view={}, run_id=run_id, after=after))

    def answer(self, run_id: str, outline: Mapping[str, Any]) -> None:
        """Answers `input_required` with the outline as edited."""
        self._http.call(calls.answer(run_id, outline))

    def cancel(self, run_id: str) -> None:
        """Stops a run, for everyone; the text so far is kept."""
        self._http.call(calls.cancel(run_id))

    def delete(self, run_id: str) -> None:
        """Deletes a run and its text."""
        self._http.call(calls.delete(run_id))

    def export(self, run_id: str, kind: str = "md") -> bytes:
        """The finished text as a file: `md`, `txt`, and what its format adds."""
        return self._http.call(calls.export(run_id, kind)).content


class Storywire:
    """A service: starts runs, follows them, lists them.

    `token` as a function is called anew for every request. `transport` is for tests and proxies of your own.
    """

    runs: Runs

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        token: Token = None,
        timeout: httpx2.Timeout = TIMEOUT,
        reconnect: Reconnect = Reconnect(),  # noqa: B008
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._client = httpx2.Client(base_url=base_url, timeout=timeout, transport=transport)
        self._http = _Http(self._client, token, reconnect)
        self.runs = Runs(self._http)

    def start(
        self,
        format: str,
        /,
        input: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        order: Order = "live",
        granularity: Granularity = "token",
        complete: CompleteText = "full",
        **options: Any,
    ) -> Story:
        """Starts a run of a format, given by its name or path. Returns when it has begun. Raises Refused."""
        session = Session(
            self._http.reconnect,
            view=view_of(order, granularity, complete),
            start=start_call(format, input, idempotency_key, options),
        )
        story = Story(self._http, self.runs, session)
        story._open()
        return story

    def follow(
        self,
        run_id: str,
        *,
        after: str | None = None,
        order: Order = "live",
        granularity: Granularity = "token",
        complete: CompleteText = "full",
    ) -> Story:
        """Reads a run that is there, from its start or after an id that was got with the same view."""
        view = view_of(order, granularity, complete)
        return Story(
            self._http, self.runs, Session(self._http.reconnect, view=view, run_id=run_id, after=after)
        )

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
