"""Catalogue of models: `provider:model` → a chat model ready for calls."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from workflows.messages.messages import ModelRole
from workflows.models.cassettes.library import CassetteLibrary
from workflows.models.choice.selection import ROLES, ModelInfo, Selection
from workflows.models.clients.model import Model
from workflows.models.configuration.moderation import SentenceModeration
from workflows.models.embedded.process import EmbeddedServer
from workflows.models.parameters import Parameters
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.structured import StructuredMode
from workflows.models.wire.bodies.stream_turns import StreamTurns

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from workflows.models.clients.providers import ProviderClients

_NONE: Parameters = {}
_MOST_COPIES = 100
__all__ = ["Model", "ModelCatalog"]

_PROVIDERS = "workflows.models.clients.providers"


class ModelCatalog:
    """Models of one process. Clients are shared by all runs."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._embedded = EmbeddedServer(settings.runtime_dir, settings.local_model)
        self._clients: ProviderClients | None = None
        self._copies: dict[tuple[int, tuple[tuple[str, Any], ...]], tuple[BaseChatModel, BaseChatModel]] = {}
        self._cassettes = CassetteLibrary(
            settings.replay_dir,
            settings.replay_speed,
            # Whatever the operator wrote into a setting is the operator's own choice of a file.
            trusted=(value for value in settings.model_dump().values() if isinstance(value, str)),
        )
        self.selection = Selection(settings)
        self.turns = StreamTurns()
        """Those that the streams of all clients leave to others."""

    def default(self) -> ModelSpec:
        """The model that writes when a run names none."""
        return self.selection.default()

    def resolve(self, name: str | None) -> ModelSpec:
        """The model that writes a new run; raises as `Selection.resolve`."""
        spec = self.selection.resolve(name)
        self._check_cassette(spec)
        return spec

    def check(self, name: str) -> None:
        """Raises ModelNotConfigured when a key or a cassette for a run written by `name` is missing."""
        spec = ModelSpec.parse(name)
        self.selection.check(spec)
        self._check_cassette(spec)

    def trust(self, name: str) -> None:
        """Trusts `name` as the operator's own choice: the absolute path of a cassette may be any file."""
        self._cassettes.trust(name)

    def choices(self, also: Iterable[ModelSpec] = ()) -> list[ModelInfo]:
        """The models that a person may choose: `Selection.choices`, the cassettes that a run may name, and `also`
        these."""
        return self.selection.choices((*self._cassettes.names(), *also))

    async def open(
        self, name: str | None = None, role: ModelRole = "writing", defaults: Parameters = _NONE
    ) -> Model:
        """The model that has this role in a run that `name` writes (None: the default), ready to be called. `defaults`:
        the format's parameters for the role.

        Starts the embedded one if it is the one. Raises ModelNotConfigured, and LookupError for a judge
        where none is asked for.
        """
        spec = self.selection.of(role, self._writing(name))
        if spec is None:
            raise LookupError("the settings ask for no judge")
        return await self._open(spec, role, defaults)

    def fallback(
        self, name: str | None, role: ModelRole, defaults: Parameters = _NONE
    ) -> Callable[[], Awaitable[Model]] | None:
        """Opens the model that takes over in this role; None where there is none."""
        spec = self.selection.fallback_of(role, self._writing(name))
        return None if spec is None else partial(self._open, spec, role, defaults)

    def has_judge(self, writer: Model) -> bool:
        """Whether a model judges the texts of `writer`: for a cassette, whether one did in the recording."""
        if writer.replay is not None:
            return writer.replay.is_judged
        return self.selection.of("judge", writer.spec) is not None

    def modes(self, writer: Model) -> dict[ModelRole, StructuredMode]:
        """The modes of structured answers in a run written by `writer`, by role."""
        if writer.replay is not None:
            return {role: writer.replay.header.mode(role) for role in ROLES}
        specs = {role: self.selection.of(role, writer.spec) for role in ROLES}
        return {role: self.selection.mode(spec) for role, spec in specs.items() if spec is not None}

    def moderates(self, writer: Model) -> bool:
        """Whether the provider's moderation checks the texts of `writer`."""
        return self._settings.moderation == "openai" and writer.spec.provider in (
            "openai",
            "openai_responses",
        )

    def sentence_moderation(self, writer: Model) -> SentenceModeration | None:
        """Limits for the moderation of sentences of `writer` while they stream; None where they aren't moderated."""
        return self._settings.sentence_moderation if self.moderates(writer) else None

    async def warm_up(self) -> None:
        """Loads ahead of the first run what takes seconds to import, off the event loop."""
        providers = await _load()
        await asyncio.to_thread(providers.load_lazy_parts)

    async def close(self) -> None:
        """Closes the connections, and ends the embedded model's process if this process started it."""
        try:
            if self._clients is not None:
                await self._clients.close()
        finally:
            await self._embedded.close()

    def _writing(self, name: str | None) -> ModelSpec:
        return self.default() if name is None else ModelSpec.parse(name)

    def _check_cassette(self, spec: ModelSpec) -> None:
        if spec.provider == "replay":
            self._cassettes.check(spec)

    async def _open(self, spec: ModelSpec, role: ModelRole, defaults: Parameters) -> Model:
        if spec.provider == "replay":
            return await self._open_replay(spec, role)
        self.selection.check_model(spec)
        clients = await self._open_clients()
        if spec.provider == "embedded":
            # Another process may have started it anew: then it has another address, and wants another client.
            client = clients.open_embedded(spec, await self._embedded.endpoint())
        else:
            client = clients.open(spec)
        parameters = self.selection.parameters(role, spec, defaults)
        return Model(
            spec=spec,
            chat=self._tuned(client.chat, parameters) if parameters else client.chat,
            tier="embedded" if spec.provider == "embedded" else "standard",
            structured=self.selection.mode(spec),
            token_timeout=self._settings.token_timeout,
            answer_timeout=self._settings.answer_timeout,
            traits=client.traits,
            disconnect=client.disconnect,
        )

    def _tuned(self, chat: "BaseChatModel", parameters: Parameters) -> "BaseChatModel":
        """The client with these parameters: the same each time, since LangChain takes as long to describe a new one to
        its callbacks as it does for several tokens."""
        key = id(chat), tuple(sorted(parameters.items()))
        known = self._copies.get(key)
        if known is None or known[0] is not chat:
            if len(self._copies) >= _MOST_COPIES:
                del self._copies[next(iter(self._copies))]
            known = self._copies[key] = chat, chat.model_copy(update=dict(parameters))
        return known[1]

    async def _open_clients(self) -> "ProviderClients":
        providers = await _load()
        if self._clients is None:
            self._clients = providers.ProviderClients(self._settings, self.turns)
        return self._clients

    async def _open_replay(self, spec: ModelSpec, role: ModelRole) -> Model:
        """The model of a cassette, with the recorded traits: formats prompt small models differently."""
        replay = await self._cassettes.open(spec)
        return Model(
            spec=spec,
            chat=replay.chat,
            replay=replay,
            tier=replay.header.tier,
            structured=replay.header.mode(role),
            token_timeout=self._settings.token_timeout,
            answer_timeout=self._settings.answer_timeout,
        )


async def _load() -> ModuleType:
    """The clients' module, which takes seconds to import the first time: off the loop."""
    if (loaded := sys.modules.get(_PROVIDERS)) is not None and not _is_loading(loaded):
        return loaded
    return await asyncio.to_thread(import_module, _PROVIDERS)


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))
