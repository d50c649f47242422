"""From a reply of the script to the very tokens of one answer."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from json import dumps
from typing import Any, Literal

from tests.fakes.ask import Ask
from tests.fakes.prose import find_word_target, write_prose
from tests.fakes.schema import fill_schema
from tests.fakes.script import Fault, Reply, Usage

# About 1.3 tokens a word, as real tokenizers have; joined, the tokens are the text again.
_TOKEN = re.compile(r"\s*\S{1,6}|\s+")
CITES = tuple(
    (f"Page {number} of the news", f"https://news{number}.example.org/story") for number in range(1, 10)
)
"""What a search comes upon where the script doesn't say."""
_OBJECT_CHUNK = 16
"""Tokens a chunk of an object: nobody is told it as it grows, and libraries take long over every chunk of it."""
_REFUSAL = "I'm sorry, but I can't help with that request."


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, token by token; a stream has `chunk` of them at a time. `finish` is None where it just ends."""

    kind: Literal["text", "tool", "refusal"]
    tokens: tuple[str, ...]
    finish: str | None
    prompt_tokens: int
    usage: Usage | None
    cites: tuple[tuple[str, str], ...] = ()
    chunk: int = 1
    delta: dict[str, Any] | None = None

    def count_usage(self, sent: int) -> Usage:
        """The usage to report after `sent` tokens."""
        return self.usage or Usage(self.prompt_tokens, sent)


def split_tokens(text: str) -> tuple[str, ...]:
    """The text in pieces of up to six letters with the white space before them."""
    return _split_cached(text)


@lru_cache(maxsize=256)
def _split_cached(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


def compose_answer(ask: Ask, reply: Reply, fault: Fault | None) -> Answer:
    """The answer to this call, cut at the call's own token limit and shaped by the fault."""
    answer = Answer(
        kind="tool" if ask.tool_name else "text",
        tokens=split_tokens(_write_text(ask, reply)),
        finish=reply.finish_reason or "stop",
        prompt_tokens=len(split_tokens(ask.prompt_text)),
        usage=reply.usage,
        delta=reply.delta,
        cites=(CITES if reply.cites is None else reply.cites) if ask.searches else (),
        chunk=reply.tokens_per_chunk or (_OBJECT_CHUNK if ask.structured and not reply.pace else 1),
    )
    if ask.max_tokens is not None and len(answer.tokens) > ask.max_tokens:
        answer = replace(answer, tokens=answer.tokens[: ask.max_tokens], finish="length")
    return _shape(answer, fault) if fault else answer


def _write_text(ask: Ask, reply: Reply) -> str:
    if reply.text is not None:
        return reply.text if reply.words is None else repeat_text(reply.text, reply.words)
    if ask.structured:
        value = (
            fill_schema(ask.schema or {"type": "object"}, ask.prompt_text)
            if reply.json is None
            else reply.json
        )
        return dumps(value, ensure_ascii=False)
    if reply.json is not None:
        return dumps(reply.json, ensure_ascii=False)
    words = reply.words
    if words is None and reply.scale is not None:
        words = round(find_word_target(ask.prompt_text) * reply.scale)
    if reply.last_sentence is None:
        return write_prose(ask.prompt_text, words)
    words = find_word_target(ask.prompt_text) if words is None else words
    prose = write_prose(ask.prompt_text, max(0, words - len(reply.last_sentence.split())))
    return f"{prose} {reply.last_sentence}".strip()


def repeat_text(template: str, words: int) -> str:
    """The template again and again, cut after exactly `words` words; `{i}` counts from 1."""
    parts: list[str] = []
    count, i = 0, 0
    while count < words:
        i += 1
        part = template.replace("{i}", str(i))
        count += len(part.split())
        parts.append(part)
    text = " ".join(parts)
    found = list(re.finditer(r"\S+", text))
    return text[: found[words - 1].end()] if words else ""


def _shape(answer: Answer, fault: Fault) -> Answer:
    match fault.kind:
        case "length" | "content_filter":
            return replace(answer, tokens=answer.tokens[: fault.after], finish=fault.kind)
        case "no_finish":
            return replace(answer, tokens=answer.tokens[: fault.after], finish=None)
        case "empty":
            return replace(answer, kind="text", tokens=())
        case "refusal":
            return replace(answer, kind="refusal", tokens=split_tokens(fault.message or _REFUSAL))
    return answer
