"""A service for tests of the page alone: serves `backend/web` and a scripted API that speaks the protocol.

A test writes the run's messages itself (`run.say(...)`), so that it decides when each of them arrives.
Used for the page only; what the real service says is tested elsewhere.
"""

import json
import mimetypes
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.browser.scripted import Frame, Request, Run, Scripted

WEB = Path(__file__).parents[2] / "backend" / "web"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
RETRY_MS = 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: Scripted
    is_stopped = False

    def parse_request(self) -> bool:
        """Nobody is answered any more who kept a connection to a server that has stopped."""
        self.close_connection = True
        return not self.is_stopped and super().parse_request()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the page's requests are recorded in `Scripted.requests`."""

    def do_GET(self) -> None:
        request = self._record(None)
        parts = request.path.strip("/").split("/")
        if self._answer(request):
            return
        if parts[:2] != ["api", "v1"]:
            self._send_file(request.path)
        elif parts[2:] == ["models"]:
            self._send_or_miss(self.scripted.models)
        elif parts[2:] == ["formats"]:
            self._send_json(200, {"formats": self.scripted.formats})
        elif parts[2:] == ["auth", "options"]:
            self._send_json(200, {"mode": "local", "registration": "closed"})
        elif parts[2:] == ["runs"]:
            recent = self.scripted.recent
            self._send_or_miss(None if recent is None else {"runs": recent, "next_cursor": None})
        elif parts[2] == "runs" and parts[-1] == "versions":
            self._send_json(200, {"versions": []})
        elif parts[2] == "runs" and parts[-1] == "share":
            self._send_json(200, {"run_id": parts[3], "shared": False})
        elif parts[2] == "runs" and parts[-1] == "stream":
            self._send_stream(parts[3], request)
        else:
            run = self.scripted.runs.get(parts[3]) if parts[2] == "runs" else None
            self._send_or_miss(None if run is None else {"run_id": run.id, "status": "running"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        is_form = (self.headers.get("Content-Type") or "").startswith("multipart/")
        request = self._record(sent if is_form else json.loads(sent or b"null"))
        if self._answer(request):
            return
        if request.path.endswith("/runs/quote"):
            self._send_json(200, {"words": None})
            return
        if self.scripted.refusals:
            status, problem = self.scripted.refusals.pop(0)
            self._send_json(status, problem, "application/problem+json")
            return
        parts = request.path.strip("/").split("/")
        if parts == ["api", "v1", "runs"]:
            run = self.scripted.start(request.body)
            stream_url = f"/api/v1/runs/{run.id}/stream"
            self._send_json(201, {"run_id": run.id, "status": "running", "stream_url": stream_url})
            return
        if parts[2:4] == ["stories", "sessions"]:
            self._answer_story(parts[4:], request)
            return
        run = self.scripted.runs[parts[3]]
        if parts[4] == "resume":
            run.forget_error()
        getattr(self.scripted, f"on_{parts[4]}")(run)
        self._send_json(202, {"run_id": run.id, "status": "running"})

    def _answer_story(self, rest: list[str], request: Request) -> None:
        if not rest:
            self._send_json(200, self.scripted.story_of(request.body["run_id"]))
            return
        run = self.scripted.go_on(rest[0], request.body)
        stream_url = f"/api/v1/runs/{run.id}/stream"
        self._send_json(201, {"run_id": run.id, "status": "running", "stream_url": stream_url})

    def do_PUT(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = self._record(json.loads(self.rfile.read(length)))
        if not self._answer(request):
            self._send_json(200, request.body)

    def do_PATCH(self) -> None:
        self.do_PUT()

    def do_DELETE(self) -> None:
        if not self._answer(self._record(None)):
            self._send_or_miss(None)

    def _answer(self, request: Request) -> bool:
        """Whether the test gave a reply for this."""
        found = self.scripted.answers.get((request.method, request.path.removeprefix("/api/v1/")))
        if found is None:
            return False
        status, body = found
        if status == 204:
            self._send(204, b"", "application/json")
        else:
            self._send_json(status, body(request) if callable(body) else body)
        return True

    def _record(self, body: Any) -> Request:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, url.path, query, headers, body)
        self.scripted.requests.append(request)
        return request

    def _send_file(self, path: str) -> None:
        name = "index.html" if path == "/" else path.removeprefix("/static/")
        file = (WEB / name).resolve()
        if not file.is_relative_to(WEB) or not file.is_file():
            self._send_json(404, {"code": "NOT_FOUND"}, "application/problem+json")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(200, file.read_bytes(), kind)

    def _send_or_miss(self, content: Any) -> None:
        if content is None:
            self._send_json(404, {"code": "NOT_FOUND", "detail": "There is no such thing here."})
        else:
            self._send_json(200, content)

    def _send_json(self, status: int, content: Any, kind: str = "application/json") -> None:
        self._send(status, json.dumps(content).encode(), kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def _send_stream(self, run_id: str, request: Request) -> None:
        run = self.scripted.runs.get(run_id)
        if self.scripted.streams_are_refused:
            self._send_json(502, {"code": "MODEL_UNAVAILABLE"}, "application/problem+json")
            return
        if run is None:
            self._send_or_miss(None)
            return
        last_id = request.headers.get("last-event-id") or request.query.get("last_event_id") or f"{run_id}:0"
        seq = int(last_id.rpartition(":")[2])
        run.connections.append(seq)
        if run.is_over_after(seq):
            self._send(204, b"", "text/event-stream")
            return
        self._send_frames(run, seq)

    def _send_frames(self, run: Run, seq: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-store, no-transform")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        left = run.cuts.pop(0) if run.cuts else -1
        breaks = run.breaks
        if self.is_stopped:  # after the breaks were counted, so none is missed
            return
        self.wfile.write(f": ping\nretry: {RETRY_MS}\n\n".encode())
        while left != 0:
            frame = run.next_after(seq, breaks)
            if frame is None or not self._write(run, frame) or frame.is_terminal:
                return
            seq = frame.seq
            left -= 1

    def _write(self, run: Run, frame: Frame) -> bool:
        data = json.dumps({"type": frame.type, "data": frame.data}, ensure_ascii=False)
        try:
            self.wfile.write(f"id: {run.id}:{frame.seq}\nevent: story_chunk\ndata: {data}\n\n".encode())
        except OSError:
            return False
        return True


class PageServer:
    """The server on a free port of 127.0.0.1, in a thread of its own; `scripted` is its API."""

    def __init__(self) -> None:
        self.scripted = Scripted()
        self._port = 0
        self.start()

    def start(self) -> None:
        """At first on a free port, after a `stop` on the same one."""
        self._handler: type[Handler] = type("ScriptedHandler", (Handler,), {"scripted": self.scripted})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def close(self) -> None:
        for run in self.scripted.runs.values():
            run.close()
        self.stop()

    def stop(self) -> None:
        """Nobody answers any more, and every stream breaks: those last, since the page is back at once."""
        self._handler.is_stopped = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for run in self.scripted.runs.values():
            run.break_connections()
