"""A request to a model, read from the body of any of the APIs into one form."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.script import Api


@dataclass(frozen=True, slots=True)
class Ask:
    """What a call wants: prose, JSON of a schema (`json_mode`), or a call of the tool `tool_name`."""

    api: Api
    model: str
    prompt_text: str
    body: dict[str, Any]
    stream: bool = False
    include_usage: bool = True
    max_tokens: int | None = None
    json_mode: bool = False
    schema: dict[str, Any] | None = None
    tool_name: str | None = None
    searches: bool = False

    @property
    def structured(self) -> bool:
        """Whether the reply is to be an object."""
        return self.json_mode or self.tool_name is not None


def join_content(content: Any) -> str:
    """The text of a message's content: a string, or a list of strings and of parts with a `text`."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part if isinstance(part, str) else part.get("text") or "" for part in content]
    return "\n".join(text for text in texts if text)


def choose_tool(tools: list[dict[str, Any]], forced: str | bool | None) -> dict[str, Any] | None:
    """The function declaration that must be called: the one of that name, the first (True), or none."""
    if isinstance(forced, str):
        return next((tool for tool in tools if tool.get("name") == forced), None)
    return tools[0] if forced and tools else None
