"""Selection of the models of a run, by the settings and the run's options, before anything is spent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from workflows.errors import FieldError, InvalidInput, ModelNotConfigured
from workflows.messages.messages import ModelRole
from workflows.models.choice.connections import MISSING, is_configured
from workflows.models.configuration.roles import NO_FALLBACK
from workflows.models.parameters import Parameters, choose_parameters, parse_parameters, taken_by
from workflows.models.settings import ModelSettings
from workflows.models.spec import SOLO_PROVIDERS, ModelSpec
from workflows.models.structured import StructuredMode, choose_mode, parse_mode_rules

EMBEDDED = ModelSpec("embedded", "smollm2-135m-instruct")
EMBEDDED_NOTE = (
    "built-in demonstration model: real, simple text, English only; "
    "set STORYWIRE_MODEL and a key, or a larger model, for good stories"
)
REPLAY_NOTE = "plays back what a model said in another run; needs no key and costs nothing"
# Default models of the configured providers, when no model is named.
DEFAULT_NAMES = {
    "openai": "gpt-5.6-luna",
    "google_genai": "gemini-3.5-flash",
    "groq": "openai/gpt-oss-120b",
    "ollama": "llama3.2",
}
ROLES: tuple[ModelRole, ...] = get_args(ModelRole)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a person may choose. `roles` are those that it has when a run names no model."""

    id: str
    provider: str
    configured: bool
    allowed: bool
    structured: StructuredMode
    roles: tuple[ModelRole, ...]
    note: str | None = None

    @property
    def usable(self) -> bool:
        """Whether a run may name it now."""
        return self.configured and self.allowed


class Selection:
    """Selection of models by the settings."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self.patterns = settings.allowed_patterns
        self._modes = parse_mode_rules(settings.structured_modes)
        self._parameters = parse_parameters(settings.model_parameters)

    def default(self) -> ModelSpec:
        """The model that writes when a run names none: as set, else a configured provider's, else embedded."""
        if self._settings.model:
            return ModelSpec.parse(self._settings.model)
        for provider, name in DEFAULT_NAMES.items():
            if is_configured(provider, self._settings):
                return ModelSpec(provider, name)
        return EMBEDDED

    def resolve(self, name: str | None) -> ModelSpec:
        """The model that writes a new run, checked before anything is spent; so are its other roles.

        Raises InvalidInput for a name that can't be or isn't allowed, ModelNotConfigured when a key is missing.
        """
        spec = self.default()
        if name is not None:
            try:
                spec = ModelSpec.parse(name)
            except ValueError as error:
                raise _refused(str(error)) from None
            if not self.allows(spec):
                raise _refused(f"{spec} is not allowed here; this service takes {self._accepted()}")
        self.check(spec)
        return spec

    def check(self, writing: ModelSpec) -> None:
        """Raises ModelNotConfigured when one of the models of a run that `writing` writes can't be reached, and
        InvalidInput when one doesn't take a parameter that the settings give its role.

        The allow-list isn't asked: a run that was accepted may go on.
        """
        for role in ROLES:
            if (spec := self.of(role, writing)) is not None:
                if role == "judge" and spec.provider == "embedded":
                    raise ModelNotConfigured(
                        "STORYWIRE_JUDGE=llm needs the setting STORYWIRE_JUDGE_MODEL here, which is not set: the "
                        "embedded model is too small to judge."
                    )
                self.check_model(spec)
                self._check_parameters(role, spec)

    def _check_parameters(self, role: ModelRole, spec: ModelSpec) -> None:
        """Raises InvalidInput for a parameter that the setting gives a role whose model doesn't take it."""
        if spec.provider == "replay":  # says what was recorded, with whatever parameters
            return
        accepted = taken_by(spec)
        if refused := [name for name in self._parameters.get(role, {}) if name not in accepted]:
            takes = f"it takes {', '.join(sorted(accepted))}" if accepted else "it takes none"
            raise _refused(
                f"{spec} doesn't take {', '.join(refused)}, which STORYWIRE_MODEL_PARAMETERS gives the role {role}; "
                f"{takes}"
            )

    def parameters(self, role: ModelRole, spec: ModelSpec, defaults: Parameters) -> dict[str, Any]:
        """Parameters of a role's calls: by the setting, else a format's `defaults`, as far as the model takes them."""
        return choose_parameters(spec, self._parameters.get(role, {}), defaults)

    def check_model(self, spec: ModelSpec) -> None:
        """Raises ModelNotConfigured when a setting for this model is missing."""
        if spec.provider == "embedded" and spec != EMBEDDED:
            raise ModelNotConfigured(
                f"There is no model {spec}: the embedded one is {EMBEDDED}, also with a file of your own."
            )
        if not is_configured(spec.provider, self._settings):
            raise ModelNotConfigured(f"{spec} needs the setting {MISSING[spec.provider]}, which is not set.")

    def of(self, role: ModelRole, writing: ModelSpec) -> ModelSpec | None:
        """The model of a role in a run written by `writing`. None: no judge.

        A cassette plays every role, the judge's too if it holds its replies, whatever the settings ask for.
        """
        if writing.provider == "replay":
            return writing
        settings = self._settings
        if role == "judge" and (
            settings.judge == "off" or (settings.judge == "auto" and writing.provider == "embedded")
        ):
            return None
        own = {
            "outline": settings.outline_model,
            "writing": None,
            "derived": settings.derived_model,
            "judge": settings.judge_model,
        }[role]
        if own is None or (writing.provider in SOLO_PROVIDERS and role != "judge"):
            return writing
        return ModelSpec.parse(own)

    def fallback_of(self, role: ModelRole, writing: ModelSpec) -> ModelSpec | None:
        """The fallback of the role's model; None: none. Its own key isn't checked."""
        settings = self._settings
        own = {
            "outline": settings.outline_fallback_model,
            "writing": None,
            "derived": settings.derived_fallback_model,
            "judge": settings.judge_fallback_model,
        }[role]
        name = own or settings.fallback_model
        spec = self.of(role, writing)
        if name in (None, NO_FALLBACK) or spec is None or spec.provider in SOLO_PROVIDERS:
            return None
        other = ModelSpec.parse(name)
        return None if other == spec else other

    def called_by(self, writing: ModelSpec) -> list[ModelSpec]:
        """All models that a run written by `writing` may call, fallbacks included."""
        of_roles = [self.of(role, writing) for role in ROLES]
        others = [self.fallback_of(role, writing) for role in ROLES]
        return [spec for spec in dict.fromkeys([*of_roles, *others]) if spec is not None]

    def allows(self, spec: ModelSpec) -> bool:
        """Whether a run may name this model. Models named by the settings are always allowed."""
        return (
            not self.patterns
            or spec in self._own()
            or any(spec.matches(pattern) for pattern in self.patterns)
        )

    def mode(self, spec: ModelSpec) -> StructuredMode:
        """The model's mode of structured answers."""
        return choose_mode(spec, self._modes)

    def choices(self, also: Iterable[ModelSpec] = ()) -> list[ModelInfo]:
        """All models named by the settings, the providers' default ones, and `also` these."""
        exact = (ModelSpec.parse(pattern) for pattern in self.patterns if "*" not in pattern)
        usual = (ModelSpec(provider, name) for provider, name in DEFAULT_NAMES.items())
        specs = dict.fromkeys((*self._own(), *exact, *usual, EMBEDDED, *also))
        return [self._info(spec) for spec in specs]

    def _own(self) -> dict[ModelSpec, None]:
        """The models configured for a role, or for its fallback."""
        writing = self.default()
        found = (find(role, writing) for find in (self.of, self.fallback_of) for role in ROLES)
        return dict.fromkeys((writing, *(spec for spec in found if spec is not None)))

    def _accepted(self) -> str:
        names = dict.fromkeys((str(self.default()), *self.patterns))
        return ", ".join(names)

    def _info(self, spec: ModelSpec) -> ModelInfo:
        configured, allowed = is_configured(spec.provider, self._settings), self.allows(spec)
        note: str | None = None
        if not configured:
            note = f"needs {MISSING[spec.provider]}"
        elif not allowed:
            note = "not in STORYWIRE_ALLOWED_MODELS"
        elif spec.provider == "embedded":
            note = EMBEDDED_NOTE
        elif spec.provider == "replay":
            note = REPLAY_NOTE
        writing = self.default()
        roles = tuple(role for role in ROLES if self.of(role, writing) == spec)
        return ModelInfo(str(spec), spec.provider, configured, allowed, self.mode(spec), roles, note)


def _refused(message: str) -> InvalidInput:
    return InvalidInput(f"model: {message}", (FieldError("options.model", message),))
