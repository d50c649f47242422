"""Prompts are files, readable as prose: `<format>/prompts/<tier>/<name>.md`, Jinja where a value goes in."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

_USER = "\n---\n"


class Prompts:
    """The prompt files of one format."""

    def __init__(self, folder: Path) -> None:
        # Prompts are plain text for a model, not HTML: escaping would put entities into them.
        self._environment = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    def messages(self, name: str, **values: object) -> list[BaseMessage]:
        """The file `name` as messages: what stands above the line `---` is the system's, below it the user's."""
        text = self._environment.get_template(f"{name}.md").render(**values)
        system, _, user = text.partition(_USER)
        return [SystemMessage(system.strip()), HumanMessage(user.strip())]
