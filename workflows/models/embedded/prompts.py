"""Prompt files for the embedded model: a conversation as one readable text file.

A line `--- system`, `--- user` or `--- assistant` begins a message; a line `--- <other name>` begins a
block of text that isn't a message. Every block is a Jinja2 template of its own.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

_KINDS: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_HEADING = re.compile(r"^--- (\w+)\n", re.MULTILINE)
_MARKUP = re.compile(r"<\|[^|<>\n]{0,64}\|>|<\||\|>")
_ENVIRONMENT = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The blocks of one file in their order: heading and template."""

    blocks: tuple[tuple[str, Template], ...]

    def messages(self, **values: Any) -> list[BaseMessage]:
        """The file's messages with `values` filled in."""
        clean = _clean(values)
        return [
            _KINDS[name](template.render(clean).strip()) for name, template in self.blocks if name in _KINDS
        ]

    def block(self, name: str, /, **values: Any) -> str:
        """The text under the heading `name`. Raises KeyError when the file has no such heading."""
        return dict(self.blocks)[name].render(_clean(values)).strip()


@cache
def load_prompt(path: Path) -> PromptFile:
    """Reads and compiles a prompt file; once per process."""
    parts = _HEADING.split(path.read_text(encoding="utf-8"))
    return PromptFile(
        tuple(
            (name, _ENVIRONMENT.from_string(text))
            for name, text in zip(parts[1::2], parts[2::2], strict=True)
        )
    )


def clean_line(text: str) -> str:
    """`text` as one line without the chat template's own marks, which the server would interpret."""
    return " ".join(_MARKUP.sub(" ", text).split())


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    return {name: clean_line(value) if isinstance(value, str) else value for name, value in values.items()}
