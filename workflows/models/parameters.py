"""Parameters of model calls by role: temperature, reasoning effort and others; which model takes which. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from workflows.messages.messages import ModelRole
from workflows.models.spec import ModelSpec

Parameters = Mapping[str, float | int | str]
"""Values by the names that chat clients have for them."""
RoleParameters = Mapping[ModelRole, Parameters]

_ROLES: tuple[ModelRole, ...] = ("outline", "writing", "derived", "judge")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
_VERBOSITIES = ("low", "medium", "high")
_SEEDS = 1 << 31
"""Seeds of every provider are within; some take more."""


def _number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return parse


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return parse


_KNOWN: dict[str, tuple[Callable[[str], Any], str]] = {
    "temperature": (_number(0, 2), "a number from 0 to 2"),
    "top_p": (_number(0, 1), "a number from 0 to 1"),
    "frequency_penalty": (_number(-2, 2), "a number from -2 to 2"),
    "presence_penalty": (_number(-2, 2), "a number from -2 to 2"),
    "seed": (_whole(-_SEEDS, _SEEDS - 1), f"a whole number from {-_SEEDS} to {_SEEDS - 1}"),
    "reasoning_effort": (_one_of(*_EFFORTS), f"one of {', '.join(_EFFORTS)}"),
    "verbosity": (_one_of(*_VERBOSITIES), f"one of {', '.join(_VERBOSITIES)}"),
}

_SAMPLING = frozenset({"temperature", "top_p"})
_PENALTIES = frozenset({"frequency_penalty", "presence_penalty"})
_REASONING = frozenset({"reasoning_effort", "verbosity"})
_EVERYTHING = frozenset(_KNOWN)
# The first that fits counts. OpenAI's reasoning models refuse what samples.
_TAKES: tuple[tuple[str, frozenset[str]], ...] = (
    ("openai_compatible:*", _EVERYTHING),
    ("openai:gpt-5-chat*", _SAMPLING | _PENALTIES | {"seed"}),
    ("openai_responses:gpt-5-chat*", _SAMPLING),
    ("openai*:gpt-5*", _REASONING),
    ("openai*:o[0-9]*", frozenset({"reasoning_effort"})),
    ("openai_responses:*", _SAMPLING),
    ("openai:*", _SAMPLING | _PENALTIES | {"seed"}),
    ("google_genai:gemini-3*", _SAMPLING | _PENALTIES | {"seed", "reasoning_effort"}),
    ("google_genai:*", _SAMPLING | _PENALTIES | {"seed"}),
    ("groq:openai/gpt-oss-*", _SAMPLING | {"seed", "reasoning_effort"}),
    ("groq:*", _SAMPLING | {"seed"}),
    ("ollama:*", _SAMPLING | _PENALTIES | {"seed", "reasoning_effort"}),
    ("embedded:*", _SAMPLING | {"seed"}),
)


def parse_parameters(text: str) -> dict[ModelRole, dict[str, Any]]:
    """`role.name=value, …` as a setting gives it. Raises ValueError with a sentence that says what is accepted."""
    found: dict[ModelRole, dict[str, Any]] = {}
    for part in text.split(","):
        if part.strip():
            role, name, value = _parse(part.strip())
            if name in found.setdefault(role, {}):
                raise ValueError(f"{role}.{name} is given twice; give each parameter of a role once")
            found[role][name] = value
    return found


def _parse(part: str) -> tuple[ModelRole, str, Any]:
    key, equals, value = part.partition("=")
    given, dot, name = key.strip().partition(".")
    role = next((role for role in _ROLES if role == given), None)
    if not equals or not dot or role is None:
        raise ValueError(
            f"written as role.name=value, comma separated, with one of the roles {', '.join(_ROLES)}; got {part[:80]!r}"
        )
    if name not in _KNOWN:
        raise ValueError(f"{name[:40]!r} is no parameter; there are {', '.join(_KNOWN)}")
    parse, accepted = _KNOWN[name]
    try:
        return role, name, parse(value.strip())
    except ValueError:
        raise ValueError(f"{role}.{name} is {accepted}; got {value.strip()[:40]!r}") from None


def taken_by(spec: ModelSpec) -> frozenset[str]:
    """The parameters that a model takes. A cassette takes none: it says what was recorded."""
    return next((names for pattern, names in _TAKES if spec.matches(pattern)), frozenset())


def choose_parameters(spec: ModelSpec, requested: Parameters, defaults: Parameters) -> dict[str, Any]:
    """What a call of this model is made with: what is `requested`, else a format's `defaults`, as far as it takes them.

    The embedded model's own values were found by trial, so that no format's defaults go before them.
    """
    wanted = {**({} if spec.provider == "embedded" else defaults), **requested}
    accepted = taken_by(spec)
    return {name: value for name, value in wanted.items() if name in accepted}
