"""Takes every request to where it belongs: a model's reply, a list, or the controls of the tests."""

import asyncio
import re
import traceback
from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import Any

import orjson

from tests.fakes.answer import compose_answer
from tests.fakes.ask import Ask
from tests.fakes.catalog import list_gemini, list_openai, moderate, read_moderation
from tests.fakes.compatible import BY_NAME
from tests.fakes.dialect import Dialect
from tests.fakes.gemini import GeminiDialect, read_gemini
from tests.fakes.line import Line, Request
from tests.fakes.matching import Cue, Matcher
from tests.fakes.openai_chat import ChatDialect, read_chat
from tests.fakes.openai_responses import ResponsesDialect, read_responses
from tests.fakes.player import Gates, Player, respond_error
from tests.fakes.recording import Call, Journal, find_section
from tests.fakes.script import Fault, Reply, Script, load_script

_GEMINI = re.compile(r"/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent)")
_READERS: dict[str, Callable[[dict[str, Any]], Ask]] = {
    "/v1/chat/completions": read_chat,
    "/v1/responses": read_responses,
    "/v1/moderations": read_moderation,
}
_DIALECTS: dict[str, type[Dialect]] = {
    "chat": ChatDialect,
    "responses": ResponsesDialect,
    "gemini": GeminiDialect,
}
_STATES = ("held", "finished", "disconnected")
_PATIENCE = 10.0  # seconds that a waiting `GET /__calls__` lasts unless it says otherwise


class Switchboard:
    """The provider without its network: a script, a journal, and the replies under way."""

    def __init__(self, script: Script) -> None:
        self.journal = Journal()
        self.gates = Gates()
        self.matcher = Matcher(script)

    async def serve(self, request: Request, line: Line) -> None:
        """Answer one request. A mistake of the fake itself is a 500 with the traceback as its message."""
        try:
            if request.path.startswith("/__"):
                await self._control(request, line)
            elif request.path in {"/v1/models", "/v1beta/models"}:
                self._list(request, line)
            elif (ask := _read_ask(request)) is not None:
                await self._answer(request, line, ask)
            else:
                line.respond(404, {"error": {"message": f"no such path: {request.path}", "code": 404}})
        except Exception:
            line.respond(500, {"error": {"message": traceback.format_exc(), "code": "fake_provider_broken"}})

    def _record(self, request: Request, ask: Ask) -> Call:
        call = Call(
            id=self.journal.next_id(),
            api=ask.api,
            model=ask.model,
            prompt_text=ask.prompt_text,
            body=ask.body,
            section_hint=find_section(ask.prompt_text),
            stream=ask.stream,
            api_key=_read_key(request),
            started_at=time(),
        )
        self.journal.add(call)
        return call

    def _list(self, request: Request, line: Line) -> None:
        ask = Ask(api="models", model="", prompt_text="", body={})
        call = self._record(request, ask)
        models = self.matcher.script.models
        fault = self._find_fault(call) or self.matcher.pick(ask).fault
        if fault and fault.kind in {"status", "bad_key"}:
            respond_error(line, call, fault)
        else:
            line.respond(200, list_openai(models) if request.path == "/v1/models" else list_gemini(models))
        call.finished, call.finished_at = True, time()
        self.journal.announce()

    async def _answer(self, request: Request, line: Line, ask: Ask) -> None:
        call = self._record(request, ask)
        cue = self._pick(call, ask)
        call.fault = cue.fault.kind if cue.fault else None
        dialect = _DIALECTS.get(ask.api)
        if ask.api == "chat" and (server := BY_NAME.get(self.matcher.script.server or "")) is not None:
            dialect = server
            if (refusal := server.refuse(ask.body)) is not None:
                return self._refuse(line, call, *refusal)
        player = Player(line, self.journal, self.gates, call, cue)
        if self.matcher.script.ignores_limits:
            ask = replace(ask, max_tokens=None)
        answer = compose_answer(ask, cue.reply, cue.fault)
        try:
            if ask.api == "moderations":
                await player.play_body(cue.reply.json or self._moderate(ask))
            else:
                call.tokens = answer.tokens
                assert dialect is not None
                await player.play(answer, dialect(ask, answer))
        except asyncio.CancelledError:
            call.disconnected = line.gone
            self.journal.announce()
            raise

    def _refuse(self, line: Line, call: Call, status: int, body: dict[str, Any]) -> None:
        call.status = status
        line.respond(status, body)
        call.finished, call.finished_at = True, time()
        self.journal.announce()

    def _moderate(self, ask: Ask) -> dict[str, Any]:
        script = self.matcher.script
        return moderate(ask, script.flagged, script.flagged_score)

    def _pick(self, call: Call, ask: Ask) -> Cue:
        cue = self.matcher.pick(ask)
        if fault := self._find_fault(call):
            return Cue(Reply(), fault)
        most = self.matcher.script.most_tokens
        if most is not None and (ask.max_tokens or 0) > most:
            said = f"max_tokens is too large: {ask.max_tokens}. This model supports at most {most} of them."
            return Cue(Reply(), Fault("status", status=400, message=said))
        return cue

    def _find_fault(self, call: Call) -> Fault | None:
        """What the script's own key and models forbid."""
        script = self.matcher.script
        if script.api_key is not None and call.api_key != script.api_key:
            return Fault("bad_key")
        if call.api not in {"models", "moderations"} and call.model not in (script.models or (call.model,)):
            return Fault("status", status=404)
        return None

    async def _control(self, request: Request, line: Line) -> None:
        match request.method, request.path:
            case "GET", "/__calls__":
                await self._tell_calls(request, line)
            case "DELETE", "/__calls__":
                self.journal.calls.clear()
                line.respond(200, {})
            case "PUT", "/__script__":
                self.matcher = Matcher(load_script(request.body))
                line.respond(200, {})
            case "POST", "/__release__":
                call_id = request.query.get("call")
                line.respond(200, {"released": self.gates.release(int(call_id) if call_id else None)})
            case _:
                line.respond(404, {"error": {"message": f"no such control: {request.path}", "code": 404}})

    async def _tell_calls(self, request: Request, line: Line) -> None:
        """Waits for so many calls `started`, `held`, `finished`, `disconnected`; `call` narrows it to one."""
        wanted = {name: int(request.query[name]) for name in ("started", *_STATES) if name in request.query}
        only = request.query.get("call")

        def ready() -> bool:
            calls = [call for call in self.journal.calls if only is None or call.id == int(only)]
            counts = {name: sum(getattr(call, name) for call in calls) for name in _STATES}
            counts["started"] = len(calls)
            return all(counts[name] >= count for name, count in wanted.items())

        status = 200
        try:
            await self.journal.wait_until(ready, float(request.query.get("within", _PATIENCE)))
        except TimeoutError:
            status = 408
        line.respond(status, {"calls": [call.to_json() for call in self.journal.calls]})


def _read_ask(request: Request) -> Ask | None:
    if request.method != "POST":
        return None
    if reader := _READERS.get(request.path):
        return reader(orjson.loads(request.body))
    if found := _GEMINI.fullmatch(request.path):
        return read_gemini(found[1], found[2].startswith("stream"), orjson.loads(request.body))
    return None


def _read_key(request: Request) -> str:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return request.headers.get("x-goog-api-key") or request.query.get("key") or bearer
