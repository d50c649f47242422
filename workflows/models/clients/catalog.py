"""`provider:model` → a chat model that is ready to be called."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Self

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from workflows.messages.messages import ModelRole
from workflows.models.budget.ledger import Ledger, OpenCall
from workflows.models.budget.meter import Meter, MeterReader, Tell
from workflows.models.choice.selection import ROLES, ModelInfo, Selection
from workflows.models.clients.fallback import Fallback
from workflows.models.clients.pool import ClientPool, Lease
from workflows.models.clients.recordings import Recordings, Replay
from workflows.models.embedded.process import EmbeddedServer
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.structured import StructuredMode

if TYPE_CHECKING:
    from workflows.models.clients.providers import Client

Tier = Literal["standard", "embedded"]


_TAKEN_BY_ALL = 4096
"""Tokens. Providers refuse a limit above the model's own, and none is below this. A reply that may be longer is
watched from here, and stopped at the chunk that goes over."""


@dataclass(frozen=True, slots=True)
class Model:
    """An opened model: the chat model and how it wants to be talked to. Timeouts are seconds."""

    spec: ModelSpec
    chat: BaseChatModel
    tier: Tier
    structured: StructuredMode
    token_timeout: float
    answer_timeout: float = 180.0
    fallback: "Fallback[Model] | None" = None
    replay: Replay | None = None
    """The recording that it plays, if it plays one."""
    lease: Lease | None = field(default=None, repr=False)
    meter: Meter | None = None
    call: OpenCall | None = None
    """The one call that a model which `metered` made is for."""

    def reporting(
        self, tell: Tell, role: ModelRole, section: int | None, ledger: Ledger, *, shares: bool = False
    ) -> Self:
        """The same model, its calls on the run's account and told. The connections are shared. `shares` as in
        `Meter`."""
        meter = Meter(ledger, tell, self.spec, role, section, shares)
        about: dict[str, Any] = {"role": role} if section is None else {"role": role, "section": section}
        return replace(
            self, chat=self._with({"callbacks": [MeterReader(meter)], "metadata": about}), meter=meter
        )

    def metered(self, messages: Sequence[BaseMessage], *, leaves: bool = True) -> Self:
        """The same model for one call with this prompt, which may not write more than the run can pay.

        `leaves`: the caller reads chunk by chunk and leaves when it `ran_out`; otherwise the meter breaks the call
        off. Raises BudgetExceeded when the run can pay nothing.
        """
        if self.meter is None:
            return self
        call = self.meter.begin(messages)
        update: dict[str, Any] = {"callbacks": [MeterReader(self.meter, call, is_watched=leaves)]}
        if call.limit is not None and call.limit <= _TAKEN_BY_ALL:
            # The provider stops by itself then, also at what it writes unseen.
            name = (
                "max_output_tokens" if "max_output_tokens" in type(self.chat).model_fields else "max_tokens"
            )
            update[name] = call.limit
        return replace(self, chat=self._with(update), call=call)

    @property
    def needs_watching(self) -> bool:
        """Whether the reply may be longer than the run can pay, and the provider doesn't know it."""
        return self.call is not None and self.call.limit is not None and self.call.limit > _TAKEN_BY_ALL

    @property
    def ran_out(self) -> bool:
        """Whether it was the run's budget that ended the reply."""
        return self.call is not None and self.call.ran_out

    def _with(self, update: dict[str, Any]) -> BaseChatModel:
        return self.chat.model_copy(update=update)

    def falling_back(self, fallback: "Fallback[Model]") -> Self:
        """The same model, with another one to take over."""
        return replace(self, fallback=fallback)


class ModelCatalog:
    """The models of one process. Clients are shared by all runs; those that nobody needs are closed."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._embedded = EmbeddedServer(settings.runtime_dir, settings.local_model)
        self._clients: ClientPool[Client] = ClientPool()
        self._recordings = Recordings(settings)
        self.selection = Selection(settings)

    def default(self) -> ModelSpec:
        """What writes when a run names no model."""
        return self.selection.default()

    def resolve(self, name: str | None) -> ModelSpec:
        """The model that a new run is written with; see `Selection.resolve` for what it raises."""
        spec = self.selection.resolve(name)
        self._check_recording(spec)
        return spec

    def check(self, name: str) -> None:
        """Raises ModelNotConfigured when a run that `name` writes can't go on for want of a key or a recording."""
        spec = ModelSpec.parse(name)
        self.selection.check(spec)
        self._check_recording(spec)

    def trust(self, name: str) -> None:
        """`name` is the operator's own choice: if it is a recording's whole path, it may be any file."""
        self._recordings.trust(name)

    def choices(self) -> list[ModelInfo]:
        """What a person may choose from: `Selection.choices`, and the recordings that a run may name."""
        return self.selection.choices(self._recordings.names())

    async def open(self, name: str | None = None, role: ModelRole = "writing") -> Model:
        """The model that has this role in a run that `name` writes (None: the default), ready to be called.

        Starts the embedded one if it is the one. Raises ModelNotConfigured, and LookupError for a judge
        where none is asked for.
        """
        spec = self.selection.of(role, self._writing(name))
        if spec is None:
            raise LookupError("the settings ask for no judge")
        return await self._open(spec, role)

    def fallback(self, name: str | None, role: ModelRole) -> Callable[[], Awaitable[Model]] | None:
        """Opens the model that takes over in this role; None where there is none."""
        spec = self.selection.fallback_of(role, self._writing(name))
        return None if spec is None else partial(self._open, spec, role)

    def has_judge(self, writer: Model) -> bool:
        """Whether a model judges what `writer` wrote. A recording is judged if it was when it was recorded."""
        if writer.replay is not None:
            return writer.replay.is_judged
        return self.selection.of("judge", writer.spec) is not None

    def modes(self, writer: Model) -> dict[ModelRole, StructuredMode]:
        """How the models of a run that `writer` writes are asked for answers in a form, by role."""
        if writer.replay is not None:
            return {role: writer.replay.header.mode(role) for role in ROLES}
        specs = {role: self.selection.of(role, writer.spec) for role in ROLES}
        return {role: self.selection.mode(spec) for role, spec in specs.items() if spec is not None}

    def moderates(self, writer: Model) -> bool:
        """Whether the provider's moderation is asked about what `writer` wrote."""
        return self._settings.moderation == "openai" and writer.spec.provider in (
            "openai",
            "openai_responses",
        )

    async def warm_up(self) -> None:
        """Loads what the first run would have to wait for: seconds of imports, off the loop."""
        providers = await _load()
        await asyncio.to_thread(providers.load_lazy_parts)

    async def close(self) -> None:
        """Closes the connections, and ends the embedded model's process if this process started it."""
        try:
            await self._clients.close()
        finally:
            await self._embedded.close()

    def _writing(self, name: str | None) -> ModelSpec:
        return self.default() if name is None else ModelSpec.parse(name)

    def _check_recording(self, spec: ModelSpec) -> None:
        if spec.provider == "replay":
            self._recordings.check(spec)

    async def _open(self, spec: ModelSpec, role: ModelRole) -> Model:
        if spec.provider == "replay":
            return await self._open_replay(spec, role)
        self.selection.check_model(spec)
        providers = await _load()
        if spec.provider == "embedded":
            # Another process may have started it anew: then it has another address, and wants another client.
            endpoint = await self._embedded.endpoint()
            client, lease = self._clients.lend(endpoint, lambda: providers.build_embedded(endpoint))
        else:
            client, lease = self._clients.lend(spec, lambda: providers.build_client(spec, self._settings))
        return Model(
            spec=spec,
            chat=client.chat,
            tier="embedded" if spec.provider == "embedded" else "standard",
            structured=self.selection.mode(spec),
            token_timeout=self._settings.token_timeout,
            answer_timeout=self._settings.answer_timeout,
            lease=lease,
        )

    async def _open_replay(self, spec: ModelSpec, role: ModelRole) -> Model:
        """As the models that were recorded: formats ask a small one in other ways than a large one."""
        replay = await self._recordings.open(spec)
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
    return await asyncio.to_thread(import_module, "workflows.models.clients.providers")
