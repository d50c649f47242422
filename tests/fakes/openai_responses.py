"""OpenAI Responses: requests read, replies framed as typed events."""

from time import time
from uuid import uuid4

import orjson

from tests.fakes.answer import Answer
from tests.fakes.ask import Ask, choose_tool, join_content
from tests.fakes.dialect import Json, frame, split_frame

_TEXT, _NUMBER = "\x00text\x00", 1234567890
_DELTAS = {
    "text": "response.output_text",
    "refusal": "response.refusal",
    "tool": "response.function_call_arguments",
}
_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def read_responses(body: Json) -> Ask:
    """The call in a `POST /v1/responses` body."""
    form = (body.get("text") or {}).get("format") or {}
    tool = choose_tool([t for t in body.get("tools", ()) if t.get("type") == "function"], _forced_tool(body))
    return Ask(
        api="responses",
        model=body.get("model", ""),
        prompt_text="\n\n".join(_read_texts(body)),
        body=body,
        stream=bool(body.get("stream")),
        max_tokens=body.get("max_output_tokens"),
        json_mode=form.get("type") in {"json_schema", "json_object"},
        schema=tool.get("parameters") if tool else form.get("schema"),
        tool_name=tool["name"] if tool else None,
        searches=any(t.get("type") in {"web_search", "web_search_preview"} for t in body.get("tools", ())),
    )


def _read_texts(body: Json) -> list[str]:
    items = body.get("input", ())
    texts = [items] if isinstance(items, str) else [join_content(item.get("content")) for item in items]
    return [text for text in (body.get("instructions"), *texts) if text]


def _forced_tool(body: Json) -> str | bool:
    choice = body.get("tool_choice")
    return str(choice.get("name")) if isinstance(choice, dict) else choice in {"required", "any"}


class ResponsesDialect:
    """The events of one response; see `Dialect`. They are numbered in the order in which they are made."""

    def __init__(self, ask: Ask, answer: Answer) -> None:
        self._ask = ask
        self._answer = answer
        self._number = -1
        self._id = uuid4().hex
        self._item_id = f"{'fc' if answer.kind == 'tool' else 'msg'}_{self._id}"
        # A search is an item of its own, before the message.
        self._index = 1 if ask.searches else 0
        self._place: Json = {"item_id": self._item_id, "output_index": self._index}
        if answer.kind != "tool":
            self._place["content_index"] = 0
        self._delta = _DELTAS[answer.kind]
        self._parts = self._split_delta()
        self._created = int(time())

    def open(self) -> bytes:
        """The response as created, then the item and its part as added."""
        started = self._spell_response("in_progress", [], 0)
        frames = self._event("response.created", {"response": started})
        frames += self._event("response.in_progress", {"response": started})
        if self._ask.searches:
            frames += self._search()
        added = {"output_index": self._index, "item": self._spell_item("in_progress", None)}
        frames += self._event("response.output_item.added", added)
        if self._answer.kind != "tool":
            frames += self._event(
                "response.content_part.added", {**self._place, "part": self._spell_part("")}
            )
        return frames

    def say(self, text: str, sent: int) -> bytes:  # noqa: ARG002
        """One delta event."""
        self._number += 1
        before, between, after = self._parts
        return b"%b%b%b%d%b" % (before, orjson.dumps(text), between, self._number, after)

    def close(self, sent: int) -> bytes:
        """Text, part and item as done, then the response as completed or incomplete."""
        if self._answer.finish is None:
            return b""
        text = "".join(self._answer.tokens)
        frames = b""
        for number, annotation in enumerate(self._annotations(text)):
            data = {**self._place, "annotation_index": number, "annotation": annotation}
            frames += self._event("response.output_text.annotation.added", data)
        status = "incomplete" if self._answer.finish in _REASONS else "completed"
        item = self._spell_item(status, text)
        name = {"text": "text", "refusal": "refusal", "tool": "arguments"}[self._answer.kind]
        logprobs: Json = {"logprobs": []} if self._answer.kind == "text" else {}
        frames += self._event(f"{self._delta}.done", {**self._place, name: text, **logprobs})
        if self._answer.kind != "tool":
            frames += self._event(
                "response.content_part.done", {**self._place, "part": self._spell_part(text)}
            )
        frames += self._event("response.output_item.done", {"output_index": self._index, "item": item})
        return frames + self._event(
            f"response.{status}", {"response": self._spell_response(status, self._output(item), sent)}
        )

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        """The response as failed."""
        failed = self._spell_response("failed", [], 0)
        failed["error"] = {"code": code or ("rate_limit_exceeded" if status == 429 else "server_error")}
        failed["error"]["message"] = message
        return self._event("response.failed", {"response": failed})

    def garble(self) -> bytes:
        """A delta cut off in the middle."""
        return self._parts[0] + b"\n\n"

    def whole(self) -> Json:
        """The response in one piece; without a finish it stays in progress."""
        finish = self._answer.finish
        status = "in_progress" if finish is None else "incomplete" if finish in _REASONS else "completed"
        item = self._spell_item(status, "".join(self._answer.tokens))
        return self._spell_response(status, self._output(item), len(self._answer.tokens))

    def _search(self) -> bytes:
        place = {"output_index": 0, "item_id": self._spell_search("completed")["id"]}
        frames = self._event(
            "response.output_item.added", {"output_index": 0, "item": self._spell_search("in_progress")}
        )
        for state in ("in_progress", "searching", "completed"):
            frames += self._event(f"response.web_search_call.{state}", place)
        return frames + self._event(
            "response.output_item.done", {"output_index": 0, "item": self._spell_search("completed")}
        )

    def _spell_search(self, status: str) -> Json:
        item: Json = {"id": f"ws_{self._id}", "type": "web_search_call", "status": status}
        query = self._ask.prompt_text[-60:]
        return {**item, "action": {"type": "search", "query": query}} if status == "completed" else item

    def _output(self, item: Json) -> list[Json]:
        return [self._spell_search("completed"), item] if self._ask.searches else [item]

    def _annotations(self, text: str) -> list[Json]:
        end = len(text)
        return [
            {
                "type": "url_citation",
                "start_index": max(0, end - 1),
                "end_index": end,
                "title": title,
                "url": url,
            }
            for title, url in self._answer.cites
        ]

    def _event(self, kind: str, data: Json) -> bytes:
        self._number += 1
        return frame({"type": kind, **data, "sequence_number": self._number}, event=kind)

    def _split_delta(self) -> list[bytes]:
        data: Json = {"type": f"{self._delta}.delta", **self._place, "delta": _TEXT}
        if self._answer.kind == "text":
            data["logprobs"] = []
        return split_frame(
            {**data, "sequence_number": _NUMBER}, (_TEXT, _NUMBER), event=f"{self._delta}.delta"
        )

    def _spell_part(self, text: str) -> Json:
        if self._answer.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        annotations = self._annotations(text) if text else []
        return {"type": "output_text", "annotations": annotations, "logprobs": [], "text": text}

    def _spell_item(self, status: str, text: str | None) -> Json:
        if self._answer.kind == "tool":
            call = {"call_id": f"call_{self._id}", "name": self._ask.tool_name, "arguments": text or ""}
            return {"id": self._item_id, "type": "function_call", "status": status, **call}
        content = [] if text is None else [self._spell_part(text)]
        return {
            "id": self._item_id,
            "type": "message",
            "status": status,
            "content": content,
            "role": "assistant",
        }

    def _spell_response(self, status: str, output: list[Json], sent: int) -> Json:
        body = self._ask.body
        ended = status in {"completed", "incomplete"}
        reason = {"reason": _REASONS[str(self._answer.finish)]} if status == "incomplete" else None
        return {
            "id": f"resp_{self._id}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": reason,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self._ask.model,
            "output": output,
            "parallel_tool_calls": True,
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools", []),
            "top_p": body.get("top_p", 1.0),
            "metadata": {},
            "usage": self._spell_usage(sent) if ended else None,
        }

    def _spell_usage(self, sent: int) -> Json:
        usage = self._answer.count_usage(sent)
        return {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.input_tokens + usage.output_tokens,
        }
