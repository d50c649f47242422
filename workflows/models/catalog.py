"""`provider:model` → a chat model that is ready to be called.

Every client is built with no retries of its own: a retry that nobody sees buys tokens twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from workflows.errors import InvalidInput, ModelNotConfigured
from workflows.models.embedded.client import chat_model as embedded_chat_model
from workflows.models.embedded.process import EmbeddedServer, Endpoint
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec

Tier = Literal["standard", "embedded"]
StructuredMethod = Literal["json_schema", "function_calling", "json_mode"]

EMBEDDED = ModelSpec("embedded", "smollm2-135m-instruct")
EMBEDDED_NOTE = (
    "built-in demonstration model: real, simple text, English only; "
    "set STORYWIRE_MODEL and a key, or a larger model, for good stories"
)
# What is written with when a provider is configured and no model is named.
DEFAULT_NAMES = {
    "openai": "gpt-5-mini",
    "google_genai": "gemini-2.5-flash",
    "groq": "llama-3.3-70b-versatile",
    "ollama": "llama3.2",
}
_MISSING = {
    "openai": "OPENAI_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "ollama": "OLLAMA_BASE_URL",
}


@dataclass(frozen=True, slots=True)
class Model:
    """An opened model: the chat model and how it wants to be talked to."""

    spec: ModelSpec
    chat: BaseChatModel
    tier: Tier
    structured: StructuredMethod
    token_timeout: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a person may choose from."""

    id: str
    provider: str
    usable: bool
    note: str | None = None


class ModelCatalog:
    """The models of one process. Clients are made once a model and shared by all runs."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._embedded = EmbeddedServer(settings.runtime_dir, settings.local_model)
        self._embedded_client: tuple[Endpoint, BaseChatModel] | None = None  # anew when its process is
        self._clients: dict[ModelSpec, BaseChatModel] = {}

    def default(self) -> ModelSpec:
        """Explicit setting, else a provider that is configured, else the embedded model."""
        if self._settings.model:
            return ModelSpec.parse(self._settings.model)
        for provider, name in DEFAULT_NAMES.items():
            if self._configured(provider):
                return ModelSpec(provider, name)
        return EMBEDDED

    def resolve(self, name: str | None) -> ModelSpec:
        """The model that a run asked for, checked before anything is spent.

        Raises InvalidInput for a name that can't be, ModelNotConfigured when its key is missing.
        """
        if name is None:
            spec = self.default()
        else:
            try:
                spec = ModelSpec.parse(name)
            except ValueError as error:
                raise InvalidInput(str(error)) from None
        if not self._configured(spec.provider):
            raise ModelNotConfigured(f"{spec} needs the setting {_MISSING[spec.provider]}, which is not set.")
        return spec

    async def open(self, name: str | None = None) -> Model:
        """The model, ready to be called; starts the embedded one if it is the one."""
        spec = self.resolve(name)
        if spec.provider == "embedded":
            chat = await self._open_embedded()
        else:
            if spec not in self._clients:
                self._clients[spec] = _CONSTRUCTORS[spec.provider](spec.name, self._settings)
            chat = self._clients[spec]
        return Model(
            spec=spec,
            chat=chat,
            tier="embedded" if spec.provider == "embedded" else "standard",
            structured="json_schema",
            token_timeout=self._settings.token_timeout,
        )

    def choices(self) -> list[ModelInfo]:
        """Every provider's default model, and whether it can be used now."""
        specs = dict.fromkeys((self.default(), *(ModelSpec(p, n) for p, n in DEFAULT_NAMES.items()), EMBEDDED))
        return [self._info(spec) for spec in specs]

    async def close(self) -> None:
        """Ends the embedded model's process, if this process started it."""
        await self._embedded.close()

    async def _open_embedded(self) -> BaseChatModel:
        endpoint = await self._embedded.endpoint()
        if self._embedded_client is None or self._embedded_client[0] != endpoint:
            self._embedded_client = (endpoint, embedded_chat_model(endpoint))
        return self._embedded_client[1]

    def _info(self, spec: ModelSpec) -> ModelInfo:
        usable = self._configured(spec.provider)
        if spec.provider == "embedded":
            note: str | None = EMBEDDED_NOTE
        else:
            note = None if usable else f"needs {_MISSING[spec.provider]}"
        return ModelInfo(id=str(spec), provider=spec.provider, usable=usable, note=note)

    def _configured(self, provider: str) -> bool:
        settings = self._settings
        return {
            "openai": bool(settings.openai_api_key or settings.openai_base_url),
            "google_genai": bool(settings.google_api_key),
            "groq": bool(settings.groq_api_key),
            "ollama": bool(settings.ollama_base_url),
            "embedded": True,
        }[provider]


def _openai_protocol(name: str, base_url: str | None, key: SecretStr | None) -> BaseChatModel:
    return ChatOpenAI(
        model=name,
        base_url=base_url,
        # Servers that speak OpenAI's protocol without accounts still want to see a key.
        api_key=key or SecretStr("none"),
        max_retries=0,
        stream_usage=True,
        # The limit between two tokens is ours (`calls.py`), one for every provider.
        stream_chunk_timeout=None,
    )


def _google(name: str, settings: ModelSettings) -> BaseChatModel:
    return ChatGoogleGenerativeAI(
        model=name,
        google_api_key=settings.google_api_key,
        base_url=settings.google_base_url,
        max_retries=0,
    )


_CONSTRUCTORS: dict[str, Callable[[str, ModelSettings], BaseChatModel]] = {
    "openai": lambda name, s: _openai_protocol(name, s.openai_base_url, s.openai_api_key),
    "groq": lambda name, s: _openai_protocol(name, s.groq_base_url, s.groq_api_key),
    "ollama": lambda name, s: _openai_protocol(name, s.ollama_base_url, None),
    "google_genai": _google,
}
