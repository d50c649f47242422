"""The fake model provider: OpenAI's and Gemini's protocols on a loopback port, answered from a script.

In a test, `async with FakeProvider(script) as provider:`; for a provider that outlives whatever is killed,
`python -m tests.fakes.provider --port-file F --script S.json` (see `tests.fakes.process`).
"""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

import uvloop

from tests.fakes.line import Line
from tests.fakes.matching import Matcher
from tests.fakes.recording import Call
from tests.fakes.script import Script, load_script
from tests.fakes.switchboard import Switchboard

LOOPBACK = "127.0.0.1"


def _bind(port: int = 0) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound


@contextmanager
def refuse_port() -> Iterator[int]:
    """A port that refuses every connection and that nobody else can take meanwhile."""
    with _bind() as bound:  # bound, but never listening
        yield int(bound.getsockname()[1])


async def serve_socket(switchboard: Switchboard, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serve on this socket until `stop` is set; then close every connection."""
    lines: set[Line] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(switchboard.serve, lines), sock=listening, backlog=1024)
    await stop.wait()
    server.close()
    tasks = [line.task for line in lines if line.task and not line.task.done()]
    for line in tuple(lines):
        line.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()


class FakeProvider:
    """A provider in a thread of its own, with its own event loop, so that no test's loop can stall it."""

    def __init__(self, script: Script | None = None, port: int = 0) -> None:
        self._switchboard = Switchboard(script or Script())
        self._listening = _bind(port)
        self._listening.listen(1024)
        self.port = int(self._listening.getsockname()[1])
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = Thread(target=self._run, name="fake-provider", daemon=True)

    # Life.

    def start(self) -> None:
        """Start to answer. Connections made before wait in the backlog."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and the port."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._listening.close()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(serve_socket(self._switchboard, self._listening, self._stop))

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    # Addresses.

    @property
    def root_url(self) -> str:
        """The provider itself."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def openai_url(self) -> str:
        """`base_url` for ChatOpenAI."""
        return f"{self.root_url}/v1"

    @property
    def gemini_url(self) -> str:
        """`base_url` for ChatGoogleGenerativeAI, which adds the version itself."""
        return self.root_url

    # The script.

    @property
    def script(self) -> Script:
        """What it answers. Setting it starts every count anew; replies under way go on as they began."""
        return self._switchboard.matcher.script

    @script.setter
    def script(self, script: Script) -> None:
        self._switchboard.matcher = Matcher(script)

    # What happened.

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in order of arrival."""
        return list(self._switchboard.journal.calls)

    @property
    def generations(self) -> list[Call]:
        """The calls that buy tokens: neither moderations nor lists."""
        return [call for call in self.calls if call.api in {"chat", "responses", "gemini"}]

    def forget(self) -> None:
        """Forgets the calls so far."""
        self._switchboard.journal.calls.clear()

    async def wait_for_calls(self, count: int = 1, within: float = 10.0) -> list[Call]:
        """All calls, once there are `count`. Each wait raises TimeoutError after `within` seconds."""
        await self._wait(lambda: len(self.calls) >= count, within)
        return self.calls

    async def wait_for_held(self, count: int = 1, within: float = 10.0) -> list[Call]:
        """The calls held at their gates, once there are `count`."""
        await self._wait(lambda: sum(call.held for call in self.calls) >= count, within)
        return [call for call in self.calls if call.held]

    async def wait_for_finish(self, call: Call, within: float = 10.0) -> None:
        """Until the whole reply is on the network."""
        await self._wait(lambda: call.finished, within)

    async def wait_for_disconnect(self, call: Call, within: float = 10.0) -> None:
        """Until the client has left before the end of the reply."""
        await self._wait(lambda: call.disconnected, within)

    async def _wait(self, ready: Any, within: float) -> None:
        await self._switchboard.journal.wait_until(ready, within)

    def release(self, call: Call | None = None) -> None:
        """Open the gate of this call, or all gates where a call is held now: first wait for it to be held."""
        self._loop.call_soon_threadsafe(self._switchboard.gates.release, call.id if call else None)


# A process of its own.


async def _serve_process(script: Script, port: int, port_file: str, watch_stdin: bool) -> None:
    listening = _bind(port)
    listening.listen(1024)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if watch_stdin:
        loop.add_reader(sys.stdin.fileno(), stop.set)  # readable is closed: nobody ever writes to it
    _tell_port(listening.getsockname()[1], port_file)
    await serve_socket(Switchboard(script), listening, stop)


def _tell_port(port: int, port_file: str) -> None:
    if port_file == "-":
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        return
    # Written aside and renamed, so that whoever sees the file reads the whole number.
    target = Path(port_file)
    draft = target.with_name(f"{target.name}.part")
    draft.write_text(f"{port}\n")
    draft.rename(target)


def main(arguments: list[str] | None = None) -> None:
    """The command line. Ends on SIGTERM, or with `--watch-stdin` when its parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.provider")
    parser.add_argument(
        "--port-file", required=True, help="gets the port, once it listens; - is standard output"
    )
    parser.add_argument("--script", help="a script as JSON; without it, every call gets made-up text")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)
    script = load_script(Path(options.script).read_bytes()) if options.script else Script()
    serving: Coroutine[Any, Any, None] = _serve_process(
        script, options.port, options.port_file, options.watch_stdin
    )
    uvloop.run(serving)


if __name__ == "__main__":
    main()
