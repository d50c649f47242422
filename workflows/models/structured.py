"""Modes of structured answers, by families of models."""

from typing import Literal, get_args

from workflows.models.spec import ModelSpec, parse_pattern

StructuredMode = Literal["json_schema", "tools", "json_mode", "plain"]
"""From the surest to the last resort. `json_schema`: the provider holds the answer to the schema. `tools`: the answer
is the arguments of a function that the model must call. `json_mode`: some JSON, with the schema in the prompt.
`plain`: text, with the schema in the prompt, and one more call to mend what isn't in the form."""

MODES: tuple[StructuredMode, ...] = get_args(StructuredMode)

ModeRule = tuple[str, StructuredMode]
"""A pattern for models, and their mode."""

# The first that fits counts. What isn't listed takes JSON Schema, as nearly every server does by now.
_TABLE: tuple[ModeRule, ...] = (
    ("openai*:gpt-3*", "tools"),
    ("openai*:gpt-4", "tools"),
    ("openai*:gpt-4-*", "tools"),
    ("google_genai:gemma-2*", "plain"),
    ("google_genai:gemma-3*", "plain"),
    # Groq holds only these to a schema, and refuses it (400) for its other models, which can all call functions.
    ("groq:openai/gpt-oss-*", "json_schema"),
    ("groq:*", "tools"),
)


def parse_mode_rules(text: str) -> tuple[ModeRule, ...]:
    """The rules of a setting, `pattern=mode, …`. Raises ValueError with a sentence on the accepted form."""
    return tuple(_parse_rule(part) for part in text.split(",") if part.strip())


def choose_mode(spec: ModelSpec, rules: tuple[ModeRule, ...] = ()) -> StructuredMode:
    """The mode of a model: the configured one, else its family's."""
    for pattern, mode in (*rules, *_TABLE):
        if spec.matches(pattern):
            return mode
    return "json_schema"


def _parse_rule(part: str) -> ModeRule:
    pattern, _, wanted = part.rpartition("=")
    mode = next((mode for mode in MODES if mode == wanted.strip()), None)
    if mode is None or not pattern.strip():
        raise ValueError(
            f"written as provider:model=mode, comma separated, with one of the modes {', '.join(MODES)}; "
            f"got {part.strip()[:80]!r}"
        )
    return parse_pattern(pattern), mode
