"""Stories to write: what the provider is told to answer, and what it has answered."""

from itertools import count
from typing import Any

from tests.fakes.script import Reply, Rule, Script
from tests.service import STORY, Client

_numbers = count(1)


def prose(**reply: Any) -> Script:
    """Sections are answered with this reply; plans and choices at once."""
    return Script(rules=(Rule(Reply(**reply), structured=False),))


def new_theme() -> str:
    """A theme that no other story of this process has, so that its calls can be told apart."""
    return f"the lighthouse with the number {next(_numbers):05d}"


def story_input(theme: str) -> dict[str, Any]:
    """A story that is named after its theme: the title is in every prompt."""
    return {**STORY, "theme": theme, "title": theme}


def start_body(theme: str) -> dict[str, Any]:
    """The body of a request that starts such a story."""
    return {"format": "story", "input": story_input(theme), "options": {"keep_length": False}}


async def start(client: Client, theme: str) -> str:
    """Starts a story whose sections are as long as the provider makes them; returns its run id."""
    return await client.start(input=story_input(theme), keep_length=False)


def is_prose(call: dict[str, Any]) -> bool:
    """Whether a call asked for a section."""
    return "response_format" not in call["body"]


def calls_of(calls: list[dict[str, Any]], theme: str) -> list[dict[str, Any]]:
    """The calls that wrote this story, in order."""
    return [call for call in calls if theme in call["prompt_text"]]


def sections_of(calls: list[dict[str, Any]], theme: str) -> list[dict[str, Any]]:
    """The calls that wrote this story's sections, in order."""
    return [call for call in calls_of(calls, theme) if is_prose(call)]


def count_tokens(calls: list[dict[str, Any]]) -> int:
    """Tokens of prose."""
    return sum(call["tokens_sent"] for call in calls if is_prose(call))
