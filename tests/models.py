"""Models as the formats are given them, opened by the real catalog and pointed at a fake provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import BaseModel, Field

from workflows.errors import StorywireError
from workflows.models.calls.calls import stream_text
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.models.settings import ModelSettings

KEY = "sk-very-secret"
SPECS = {
    "chat": "openai:gpt-test",
    "responses": "openai_responses:gpt-test",
    "gemini": "google_genai:gemini-test",
    "groq": "groq:llama-test",
    "ollama": "ollama:llama-test",
    "compatible": "openai_compatible:qwen-test",
}
APIS = ("chat", "responses", "gemini")
ASKED = [HumanMessage("Write about 60 words.")]


class Verdict(BaseModel):
    """Whether a text may be shown."""

    approved: bool
    notes: list[str] = Field(min_length=1, max_length=3)


def settings_of(root_url: str, **more: Any) -> ModelSettings:
    """Every provider at this address."""
    values: dict[str, Any] = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{root_url}/v1",
        "GOOGLE_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": root_url,
        "GROQ_API_KEY": KEY,
        "GROQ_BASE_URL": f"{root_url}/v1",
        "OLLAMA_BASE_URL": root_url,
        "compatible_base_url": f"{root_url}/v1",
        "compatible_api_key": KEY,
        "_env_file": None,
    }
    return ModelSettings(**{**values, **more})


@asynccontextmanager
async def open_model(root_url: str, name: str, **more: Any) -> AsyncIterator[Model]:
    """A model of `SPECS`, or any other by its full name."""
    catalog = ModelCatalog(settings_of(root_url, **more))
    try:
        yield await catalog.open(SPECS.get(name, name))
    finally:
        await catalog.close()


async def read_text(model: Model) -> tuple[str, StorywireError | None]:
    """What is shown of a text that the model is asked for, and how it ended."""
    shown = ""
    try:
        async for delta in stream_text(model, ASKED):
            shown += delta
    except StorywireError as error:
        return shown, error
    return shown, None
