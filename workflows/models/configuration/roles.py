"""Settings of models by role."""

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from workflows.models.parameters import parse_parameters
from workflows.models.spec import ModelSpec, parse_pattern
from workflows.models.structured import parse_mode_rules

NO_FALLBACK = "none"
"""Given as a role's fallback model: the role has none, whatever the others have."""


class RoleSettings(BaseModel):
    """Models by role, fallbacks, and the models that a run may name. Each is `provider:model`."""

    model: str | None = Field(
        None, description="The model that writes, as provider:model, e.g. openai:gpt-5.6-luna"
    )
    outline_model: str | None = Field(
        None, description="The model that plans, as provider:model; the one that writes by default"
    )
    derived_model: str | None = Field(
        None, description="The model for what goes with the text; the one that writes by default"
    )
    allowed_models: str = Field(
        "",
        description="Models that a run may name, comma separated, where * stands for anything; "
        "by default every model of every provider that is configured",
    )
    fallback_model: str | None = Field(
        None,
        description="The model that takes over when another can't be reached, before a section's first word",
    )
    outline_fallback_model: str | None = Field(
        None, description="The same, for planning alone; none: no other takes over"
    )
    derived_fallback_model: str | None = Field(
        None, description="The same, for what goes with the text alone; none: no other takes over"
    )
    judge_fallback_model: str | None = Field(
        None, description="The same, for judging alone; none: no other takes over"
    )
    structured_modes: str = Field(
        "",
        description="How models are asked for answers in a form, where our table is wrong: "
        "provider:model=mode, comma separated, with json_schema, tools, json_mode or plain",
    )
    model_parameters: str = Field(
        "",
        description="Parameters of calls by role: role.name=value, comma separated, such as "
        "writing.temperature=0.9, judge.reasoning_effort=low; the format's own by default",
    )
    judge: Literal["auto", "off", "llm"] = Field(
        "auto",
        description="A model that reads the text before it is done; auto: for all but the embedded model",
    )
    judge_model: str | None = Field(
        None, description="The model that judges, as provider:model; the run's own model by default"
    )

    @property
    def allowed_patterns(self) -> tuple[str, ...]:
        """The patterns of `allowed_models`."""
        return tuple(parse_pattern(part) for part in self.allowed_models.split(",") if part.strip())

    @field_validator("model")
    @classmethod
    def _check_model(cls, model: str | None) -> str | None:
        if model is None:
            return None
        spec = ModelSpec.parse(model)
        if spec.provider == "replay":
            from workflows.models.cassettes.player import (
                check_file,  # a second of imports, for those who use it
            )

            check_file(spec.name)
        return str(spec)

    @field_validator("judge_model")
    @classmethod
    def _check_judge(cls, model: str | None) -> str | None:
        return _check_helper(
            model, "the embedded model is too small to judge; name another model, or STORYWIRE_JUDGE=off"
        )

    @field_validator("outline_model", "derived_model", "fallback_model")
    @classmethod
    def _check_partner(cls, model: str | None) -> str | None:
        """Checks a model that works on a text together with another."""
        return _check_helper(
            model, "the embedded model does a whole run by itself; name another model, or none"
        )

    @field_validator("outline_fallback_model", "derived_fallback_model", "judge_fallback_model")
    @classmethod
    def _check_fallback(cls, model: str | None) -> str | None:
        return model if model == NO_FALLBACK else cls._check_partner(model)

    @field_validator("allowed_models")
    @classmethod
    def _check_allowed(cls, models: str) -> str:
        for part in models.split(","):
            if part.strip():
                parse_pattern(part)
        return models

    @field_validator("model_parameters")
    @classmethod
    def _check_parameters(cls, parameters: str) -> str:
        parse_parameters(parameters)
        return parameters

    @field_validator("structured_modes")
    @classmethod
    def _check_modes(cls, modes: str) -> str:
        parse_mode_rules(modes)
        return modes


def _check_helper(model: str | None, of_embedded: str) -> str | None:
    """The model of a role that is no whole run's. Raises ValueError for one that does a whole run, with `of_embedded`
    for the embedded one."""
    if model is None:
        return None
    spec = ModelSpec.parse(model)
    if spec.provider == "replay":
        raise ValueError("a cassette plays a whole run by itself; name another model, or none")
    if spec.provider == "embedded":
        raise ValueError(of_embedded)
    return str(spec)
