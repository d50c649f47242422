"""`provider:model` → a chat model that is ready to be called."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from langchain_core.language_models import BaseChatModel

from workflows.errors import FieldError, InvalidInput, ModelNotConfigured
from workflows.models.embedded.process import EmbeddedServer, Endpoint
from workflows.models.recordings import NOTE as REPLAY_NOTE
from workflows.models.recordings import Recordings
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.usage import Role, Spending, UsageReport

if TYPE_CHECKING:
    from workflows.models.providers import Client

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

    def reporting(self, tell: Callable[[Spending], None], role: Role, section: int | None) -> Self:
        """The same model, telling what each of its calls costs. The connections are shared."""
        report = UsageReport(tell, str(self.spec), role, section)
        about: dict[str, Any] = {"role": role} if section is None else {"role": role, "section": section}
        return replace(self, chat=self.chat.model_copy(update={"callbacks": [report], "metadata": about}))


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
        self._clients: dict[ModelSpec, Client] = {}
        self._recordings = Recordings(settings)

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
                raise InvalidInput(f"model: {error}", (FieldError("options.model", str(error)),)) from None
        if spec.provider == "embedded" and spec != EMBEDDED:
            raise ModelNotConfigured(
                f"There is no model {spec}: the embedded one is {EMBEDDED}, also with a file of your own."
            )
        if spec.provider == "replay":
            self._recordings.open(spec)
        if not self._configured(spec.provider):
            raise ModelNotConfigured(f"{spec} needs the setting {_MISSING[spec.provider]}, which is not set.")
        return spec

    def trust(self, name: str) -> None:
        """`name` is the operator's own choice: if it is a recording's whole path, it may be any file."""
        self._recordings.trust(name)

    async def open(self, name: str | None = None) -> Model:
        """The model, ready to be called; starts the embedded one if it is the one."""
        spec = self.resolve(name)
        if spec.provider == "replay":
            return self._open_replay(spec)
        if spec.provider == "embedded":
            chat = await self._open_embedded()
        else:
            if spec not in self._clients:
                build_client = (await _load()).build_client
                self._clients[spec] = build_client(spec, self._settings)
            chat = self._clients[spec].chat
        return Model(
            spec=spec,
            chat=chat,
            tier="embedded" if spec.provider == "embedded" else "standard",
            structured="json_schema",
            token_timeout=self._settings.token_timeout,
        )

    async def open_judge(self, writer: Model) -> Model | None:
        """The model that judges what `writer` wrote; None where the settings ask for no judge."""
        wanted = self._settings.judge
        if wanted == "off" or (wanted == "auto" and writer.tier == "embedded"):
            return None
        return writer if self._settings.judge_model is None else await self.open(self._settings.judge_model)

    def moderates(self, writer: Model) -> bool:
        """Whether the provider's moderation is asked about what `writer` wrote."""
        return self._settings.moderation == "openai" and writer.spec.provider == "openai"

    def choices(self) -> list[ModelInfo]:
        """Every provider's default model, and whether it can be used now."""
        specs = dict.fromkeys(
            (self.default(), *(ModelSpec(p, n) for p, n in DEFAULT_NAMES.items()), EMBEDDED)
        )
        specs |= dict.fromkeys(self._recordings.names())
        return [self._info(spec) for spec in specs]

    async def warm_up(self) -> None:
        """Loads what the first run would have to wait for: seconds of imports, off the loop."""
        providers = await _load()
        await asyncio.to_thread(providers.load_lazy_parts)

    async def close(self) -> None:
        """Closes the connections, and ends the embedded model's process if this process started it."""
        for client in self._clients.values():
            await client.close()
        await self._embedded.close()

    async def _open_embedded(self) -> BaseChatModel:
        endpoint = await self._embedded.endpoint()
        if self._embedded_client is None or self._embedded_client[0] != endpoint:
            self._embedded_client = (endpoint, (await _load()).embedded_chat_model(endpoint))
        return self._embedded_client[1]

    def _open_replay(self, spec: ModelSpec) -> Model:
        """As the model that was recorded: formats ask a small model in other ways than a large one."""
        replay = self._recordings.open(spec)
        return Model(
            spec=spec,
            chat=replay.chat,
            tier=replay.header.tier,
            structured=cast(StructuredMethod, replay.header.structured),
            token_timeout=self._settings.token_timeout,
        )

    def _info(self, spec: ModelSpec) -> ModelInfo:
        usable = self._configured(spec.provider)
        if spec.provider == "embedded":
            note: str | None = EMBEDDED_NOTE
        elif spec.provider == "replay":
            note = REPLAY_NOTE
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
            "replay": True,
        }[provider]


async def _load() -> ModuleType:
    """The clients' module, which takes seconds to import the first time: off the loop."""
    return await asyncio.to_thread(import_module, "workflows.models.providers")
