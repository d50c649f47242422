"""Prompts are files, readable as prose: `<format>/prompts/<tier>/<name>.md`, Jinja where a value goes in."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

_USER = "\n---\n"
_CLOSING = re.compile(r"<(?=\s*/)")


class Prompts:
    """The prompt files of one format."""

    def __init__(self, folder: Path) -> None:
        # Prompts are plain text for a model, not HTML: escaping would put entities into them.
        self._environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters["data"] = as_data

    def messages(self, name: str, **values: object) -> list[BaseMessage]:
        """The file `name` as messages: what stands above the line `---` is the system's, below it the user's."""
        text = self._environment.get_template(f"{name}.md").render(**values)
        system, _, user = text.partition(_USER)
        return [SystemMessage(system.strip()), HumanMessage(user.strip())]


def as_data(text: str) -> str:
    """Text from outside, as it may stand between `<marks>` in a prompt: it can't close them."""
    return _CLOSING.sub("‹", text)
