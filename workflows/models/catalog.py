"""`provider:model` → a chat model that is ready to be called."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from workflows.errors import FieldError, InvalidInput, ModelNotConfigured
from workflows.models.embedded.process import EmbeddedServer, Endpoint
from workflows.models.ledger import Ledger, OpenCall
from workflows.models.meter import Meter, MeterReader, Tell
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.usage import Role

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
    meter: Meter | None = None
    call: OpenCall | None = None
    """The one call that a model which `metered` made is for."""

    def reporting(self, tell: Tell, role: Role, section: int | None, ledger: Ledger) -> Self:
        """The same model, its calls on the run's account and told. The connections are shared."""
        meter = Meter(ledger, tell, self.spec, role, section)
        return replace(self, chat=self._with({"callbacks": [MeterReader(meter)]}), meter=meter)

    def metered(self, messages: Sequence[BaseMessage]) -> Self:
        """The same model for one call with this prompt, which may not write more than the run can pay.

        Raises BudgetExceeded when that is nothing.
        """
        if self.meter is None:
            return self
        call = self.meter.begin(messages)
        update: dict[str, Any] = {"callbacks": [MeterReader(self.meter, call)]}
        if call.limit is not None:
            # The provider stops by itself then: what is written unseen can't be stopped from here.
            name = (
                "max_output_tokens" if "max_output_tokens" in type(self.chat).model_fields else "max_tokens"
            )
            update[name] = call.limit
        return replace(self, chat=self._with(update), call=call)

    @property
    def ran_out(self) -> bool:
        """Whether it was the run's budget that ended the reply."""
        return self.call is not None and self.call.ran_out

    def _with(self, update: dict[str, Any]) -> BaseChatModel:
        return self.chat.model_copy(update=update)


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

    def called_by(self, writer: ModelSpec) -> list[ModelSpec]:
        """Every model that a run which `writer` writes may call and pay."""
        judge = self._settings.judge_model
        if judge is None or self._settings.judge == "off":
            return [writer]
        return [writer, ModelSpec.parse(judge)]

    def choices(self) -> list[ModelInfo]:
        """Every provider's default model, and whether it can be used now."""
        specs = dict.fromkeys(
            (self.default(), *(ModelSpec(p, n) for p, n in DEFAULT_NAMES.items()), EMBEDDED)
        )
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


async def _load() -> ModuleType:
    """The clients' module, which takes seconds to import the first time: off the loop."""
    return await asyncio.to_thread(import_module, "workflows.models.providers")
