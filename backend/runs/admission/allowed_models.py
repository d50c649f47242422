"""Models that a caller may have texts written by: the allow-lists of an account and of an API key, each beside the
service's own.

Whoever lets a request in says for whom (`allowing`), and every admission of that request asks for it, whichever route
or extension starts the run: so none can forget it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from workflows.errors import FieldError, InvalidInput
from workflows.models.choice.selection import Selection
from workflows.models.spec import ModelSpec, parse_pattern

MOST_PATTERNS = 50


@dataclass(frozen=True, slots=True)
class AllowList:
    """Allow-list of an account or an API key: patterns of models, in which `*` stands for anything."""

    of: Literal["account", "API key"]
    patterns: tuple[str, ...]

    def allows(self, model: ModelSpec) -> bool:
        """Whether a run may be written by it."""
        return any(model.matches(pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class AllowedModels:
    """Allow-lists of a caller, the narrowest last. A model must be in each of them; without any, every model may be
    named."""

    lists: tuple[AllowList, ...] = ()

    def and_of(self, of: Literal["account", "API key"], patterns: Sequence[str] | None) -> "AllowedModels":
        """With one more list; None: there is none."""
        return self if patterns is None else AllowedModels((*self.lists, AllowList(of, tuple(patterns))))

    def allows(self, model: ModelSpec) -> bool:
        """Whether a run may be written by it."""
        return all(each.allows(model) for each in self.lists)

    @property
    def patterns(self) -> list[str]:
        """What may be named: the narrowest list, without models that another one excludes."""
        last = self.lists[-1].patterns if self.lists else ()
        return [pattern for pattern in last if "*" in pattern or self.allows(ModelSpec.parse(pattern))]

    @property
    def named(self) -> list[ModelSpec]:
        """The models that the lists name in full, as far as they are allowed."""
        return [ModelSpec.parse(pattern) for pattern in self.patterns if "*" not in pattern]

    def default(self, selection: Selection) -> ModelSpec:
        """The model of a run that names none: the service's default where it is allowed, else the first that is and
        that the service allows too. Without one the service's, which `check` refuses."""
        default = selection.default()
        if self.allows(default):
            return default
        usable = (ModelSpec.parse(info.id) for info in selection.choices() if info.usable)
        return next(
            (each for each in (*self.named, *usable) if self.allows(each) and selection.allows(each)), default
        )

    def check(self, model: ModelSpec) -> None:
        """Raises InvalidInput for a model that isn't allowed, with what is."""
        refusing = next((each for each in self.lists if not each.allows(model)), None)
        if refusing is not None:
            accepted = ", ".join(self.patterns) or "none of those that its own list names"
            raise InvalidInput.of(
                "options.model", f"{model} is not allowed for this {refusing.of}; allowed: {accepted}"
            )

    def check_list(self, patterns: Sequence[str] | None) -> None:
        """Raises InvalidInput for a narrower list that names a model in full which isn't allowed."""
        wrong = tuple(
            FieldError(
                f"models.{number}", f"{pattern} is not allowed here; allowed: {', '.join(self.patterns)}"
            )
            for number, pattern in enumerate(patterns or ())
            if "*" not in pattern and not self.allows(ModelSpec.parse(pattern))
        )
        if wrong:
            raise InvalidInput.of_fields(wrong)


ALL_MODELS = AllowedModels()
_ALLOWED: ContextVar[AllowedModels] = ContextVar("allowed_models", default=ALL_MODELS)


@contextmanager
def allowing(models: AllowedModels) -> Iterator[None]:
    """Makes these the models of every run that is admitted meanwhile, by this task."""
    token = _ALLOWED.set(models)
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def allowed_models() -> AllowedModels:
    """The models of whoever asks."""
    return _ALLOWED.get()


def parse_allow_list(patterns: Sequence[str] | None) -> list[str] | None:
    """The list as it is kept. Raises InvalidInput that names the wrong one; None, for every model, stays None."""
    if patterns is None:
        return None
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise InvalidInput.of("models", f"1 to {MOST_PATTERNS} models are expected, or null for all")
    parsed, wrong = [], []
    for number, pattern in enumerate(patterns):
        try:
            parsed.append(parse_pattern(pattern))
        except ValueError as error:
            wrong.append(FieldError(f"models.{number}", str(error)))
    if wrong:
        raise InvalidInput.of_fields(tuple(wrong))
    return list(dict.fromkeys(parsed))
