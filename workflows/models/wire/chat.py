"""Conversion of compatible servers' chunks and completions to OpenAI's. Pure."""

import json

from workflows.models.replies.provider_strings import clean_string, read_usage
from workflows.models.replies.thoughts import THOUGHT_PARTS, has_thoughts, read_thoughts
from workflows.models.wire.bounds import FunctionCalls, ReplyBounds
from workflows.models.wire.errors import Json, find_error
from workflows.models.wire.traits import ServerTraits
from workflows.text.characters import has_half, replace_halves

_NO_REASON = frozenset({"null", "none", "nil", "undefined", "finish_reason_unspecified"})


class ChatStream:
    """Chunks of one streamed reply.

    Counts of tokens are running totals: the last ones come once, at the end. A refusal is a finish reason of its own,
    since LangChain passes on no other sign of it.

    What readers never see of a chunk, thoughts and the arguments of functions, is its delta's `hidden`. Calls of
    functions are whole ones at the reply's end, where it `wants_calls`, and left out otherwise: of fragments LangChain
    makes as many values as there are, and reads a text that is no JSON once for each of its characters.
    """

    def __init__(self, traits: ServerTraits, *, wants_calls: bool = False) -> None:
        self._traits = traits
        self._calls = FunctionCalls() if wants_calls else None
        self._bounds = ReplyBounds()
        self.has_ended = False
        """It has its finish reason."""
        self._usage: Json | None = None
        self._refused = False
        self._high = ""  # half of a surrogate pair that was cut in two
        self._head: Json = {}
        self._named: tuple[object, object] = (None, None)

    def read(self, data: Json, event: str | None = None) -> Json:
        """A chunk in OpenAI's form, or `{"error": …}`. An empty one is a sign of life all the same.

        Raises UnendingReply.
        """
        if (error := find_error(data, event)) is not None:
            return {"error": error}
        self._take_usage(data)
        self._take_head(data.get("id"), data.get("model"))
        choice = _first_choice(data.get("choices"))
        read = None if choice is None else self._read_choice(choice)
        delta = {"content": ""} if read is None else read["delta"]
        self._bounds.take(len(delta["content"]) + len(delta.get("hidden", "")))
        return {**self._head, "choices": [] if read is None else [read]}

    def end(self) -> Json | None:
        """The chunk with the usage of the reply, if the server reported it."""
        return None if self._usage is None else {**self._head, "choices": [], "usage": self._usage}

    def _take_head(self, identity: object, model: object) -> None:
        if self._head and (identity, model) == self._named:  # as in nearly every chunk
            return
        self._named = identity, model
        self._head = {
            "id": clean_string(identity) or self._head.get("id", ""),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": clean_string(model) or self._head.get("model", ""),
        }

    def _take_usage(self, data: Json) -> None:
        groq = data.get("x_groq")
        usage = read_usage(data.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None))
        if usage is None:
            return
        before = self._usage or {}
        for name in (
            "prompt_tokens",
            "completion_tokens",
        ):  # some send each of them once, in a chunk of its own
            usage[name] = usage[name] or before.get(name, 0)
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
        self._usage = usage

    def _read_choice(self, choice: Json) -> Json:
        said = choice.get("delta")
        said = said if isinstance(said, dict) else choice.get("message")
        said = said if isinstance(said, dict) else {"content": choice.get("text")}
        hidden = self._read_hidden(said)
        self._refused = self._refused or bool(clean_string(said.get("refusal")))
        delta: Json = {"content": self._join(read_content(said.get("content")))}
        if said.get("role"):
            delta["role"] = "assistant"
        if hidden:
            delta["hidden"] = hidden
        finish = read_finish(choice)
        self.has_ended = self.has_ended or finish is not None
        if finish and self._calls is not None:
            _add_calls(delta, self._calls.take())
        if finish and self._refused:
            finish = "refusal"
        return {"index": 0, "delta": delta, "finish_reason": finish}

    def _read_hidden(self, said: Json) -> str:
        """Thoughts and arguments of functions."""
        hidden = ""
        if has_thoughts(said):
            self._traits.separates_thoughts = True
            hidden = replace_halves(read_thoughts(said))
        if fragments := read_tool_calls(said.get("tool_calls")):
            if self._calls is not None:
                self._calls.add(fragments)
            hidden += "".join(fragment["function"]["arguments"] for fragment in fragments)
        return hidden

    def _join(self, text: str) -> str:
        """Text with whole surrogate pairs: servers that cut by UTF-16 units send their halves apart."""
        text = self._high + text
        self._high = ""
        if text.isascii():
            return text
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return join_halves(text)


def read_completion(body: Json, traits: ServerTraits) -> Json:
    """A whole reply in OpenAI's form, or `{"error": …}`."""
    if (error := find_error(body)) is not None:
        return {"error": error}
    choice = _first_choice(body.get("choices"))
    if choice is None:
        return {"error": {"message": "a reply without choices", "type": None, "code": None}}
    said = choice.get("message")
    said = said if isinstance(said, dict) else {"content": choice.get("text")}
    if has_thoughts(said):
        traits.separates_thoughts = True
    message: Json = {
        "role": "assistant",
        "content": join_halves(read_content(said.get("content"))),
        "refusal": clean_string(said.get("refusal")) or None,
    }
    if calls := read_tool_calls(said.get("tool_calls")):
        message["tool_calls"] = [
            {"id": f"call_{call['index']}", "type": "function", **call} for call in calls
        ]
    return {
        "id": clean_string(body.get("id")),
        "object": "chat.completion",
        "created": 0,
        "model": clean_string(body.get("model")),
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": read_finish(choice),
            }
        ],
        "usage": read_usage(body.get("usage")),
    }


def read_finish(choice: Json) -> str | None:
    """The finish reason of a choice: a word, or the `type` of an object; some name it otherwise. A word for "none
    yet" is none."""
    for name in ("finish_reason", "stop_reason", "done_reason", "finishReason"):
        reason = choice.get(name)
        word = clean_string(reason.get("type") if isinstance(reason, dict) else reason, 40)
        if word and word.lower() not in _NO_REASON:
            return word
    return None


def read_content(content: object) -> str:
    """The text of a string, or of a list of parts, without parts of thoughts."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return ""
    texts = (part if isinstance(part, str) else _text_of(part) for part in content)
    return "".join(texts)


def read_tool_calls(calls: object) -> list[Json]:
    """Function calls, with the index that some servers leave out, and arguments as text."""
    found = []
    for position, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            continue
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        index = call.get("index")
        entry: Json = {"index": index if isinstance(index, int) else position}
        if identity := clean_string(call.get("id")):
            entry |= {"id": identity, "type": "function"}
        name = clean_string(function.get("name"))
        entry["function"] = {"name": name or None, "arguments": replace_halves(arguments or "")}
        found.append(entry)
    return found


def join_halves(text: str) -> str:
    """Text whose surrogate pairs are single characters again; a lone half is U+FFFD."""
    if not has_half(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _add_calls(delta: Json, calls: list[Json]) -> None:
    """Adds whole calls. One whose arguments are no object is text, in which an answer is looked for all the same:
    LangChain would mend what was cut, in time that grows with the square of it."""
    made = [call for call in calls if is_object(call["function"]["arguments"])]
    if made:
        delta["tool_calls"] = made
    delta["content"] += "".join(call["function"]["arguments"] for call in calls if call not in made)


def is_object(arguments: str) -> bool:
    """Whether they are a whole JSON object, or none at all."""
    try:
        return not arguments or isinstance(json.loads(arguments, strict=False), dict)
    except (ValueError, RecursionError):
        return False


def _text_of(part: object) -> str:
    if not isinstance(part, dict) or part.get("type") in THOUGHT_PARTS:
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _first_choice(choices: object) -> Json | None:
    """The first of several choices; more were never requested."""
    given = [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []
    return next((choice for choice in given if choice.get("index") in (0, None, "0")), None)
