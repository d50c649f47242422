"""Which models there are to write with: the part of the environment that the graphs need.

This, `workflows/formats/settings.py` and `backend/settings.py` are the only readers of the environment.
"""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflows.models.budget.prices import PriceBook, PriceError
from workflows.models.spec import ModelSpec, parse_pattern
from workflows.models.structured import parse_choices

NO_FALLBACK = "none"
"""Given as a role's fallback model: the role has none, whatever the others have."""


class ModelSettings(BaseSettings):
    """Models and keys. Providers are set by their own usual variables."""

    model_config = SettingsConfigDict(
        env_prefix="STORYWIRE_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

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
    local_model: Path | None = Field(None, description="Another GGUF file for the embedded model to run")
    runtime_dir: Path = Field(
        Path.home() / ".cache" / "storywire",
        description="Where the embedded model's process leaves its address",
    )
    token_timeout: float = Field(
        90.0, gt=0, description="Seconds without a token after which a model call is given up (MODEL_TIMEOUT)"
    )
    answer_timeout: float = Field(
        180.0,
        gt=0,
        description="Seconds that a whole answer in a form may take, such as a plan or a verdict (MODEL_TIMEOUT)",
    )

    replay_dir: Path | None = Field(
        None, description="Folder of recordings that runs may name as replay:FILE; none by default"
    )
    replay_speed: float = Field(
        1.0,
        ge=0,
        le=1000,
        description="How fast recordings are played: 1 as recorded, 2 twice as fast, 0 at once",
    )

    policy_dir: Path | None = Field(
        None, description="Folder of safety policies (*.toml) beside ours, or in their place"
    )
    judge: Literal["auto", "off", "llm"] = Field(
        "auto",
        description="A model that reads the text before it is done; auto: for all but the embedded model",
    )
    judge_model: str | None = Field(
        None, description="The model that judges, as provider:model; the run's own model by default"
    )
    moderation: Literal["off", "openai"] = Field(
        "off", description="openai: ask OpenAI's moderation too, where OpenAI writes the text"
    )

    prices: Path | None = Field(
        None, description="File of prices (TOML or JSON) beside those that are known, or in their place"
    )
    revisions: int | None = Field(
        None,
        ge=0,
        le=3,
        description="How often a format's own review may have sections written again; as the format says by default",
    )

    openai_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(None, validation_alias=AliasChoices("OPENAI_BASE_URL"))
    google_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("GOOGLE_API_KEY", "GEMINI_API_KEY")
    )
    google_base_url: str | None = Field(None, validation_alias=AliasChoices("GOOGLE_GEMINI_BASE_URL"))
    groq_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("GROQ_API_KEY"))
    groq_base_url: str = Field(
        "https://api.groq.com/openai/v1", validation_alias=AliasChoices("GROQ_BASE_URL")
    )
    ollama_base_url: str | None = Field(None, validation_alias=AliasChoices("OLLAMA_BASE_URL"))
    compatible_base_url: str | None = Field(
        None, description="Address of one more server that speaks OpenAI's protocol, ending in /v1"
    )
    compatible_api_key: SecretStr | None = Field(None, description="Its key, if it wants one")

    @property
    def allowed_patterns(self) -> tuple[str, ...]:
        """The patterns of `allowed_models`."""
        return tuple(parse_pattern(part) for part in self.allowed_models.split(",") if part.strip())

    @field_validator(
        "local_model",
        "runtime_dir",
        "data_dir",
        "replay_dir",
        "record_dir",
        "prices",
        "policy_dir",
        check_fields=False,
    )
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        """`~` in `.env`, where no shell expands it."""
        return None if path is None else path.expanduser()

    @field_validator("prices")
    @classmethod
    def _check_prices(cls, path: Path | None) -> Path | None:
        try:
            PriceBook(path)
        except PriceError as error:
            raise ValueError(str(error)) from None
        return path

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
        if model is None:
            return None
        spec = _refuse_replay(ModelSpec.parse(model))
        if spec.provider == "embedded":
            raise ValueError(
                "the embedded model is too small to judge; name another model, or STORYWIRE_JUDGE=off"
            )
        return str(spec)

    @field_validator("outline_model", "derived_model", "fallback_model")
    @classmethod
    def _check_partner(cls, model: str | None) -> str | None:
        """One that works on a text together with another."""
        if model is None:
            return None
        spec = _refuse_replay(ModelSpec.parse(model))
        if spec.provider == "embedded":
            raise ValueError("the embedded model does a whole run by itself; name another model, or none")
        return str(spec)

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

    @field_validator("structured_modes")
    @classmethod
    def _check_modes(cls, modes: str) -> str:
        parse_choices(modes)
        return modes


def _refuse_replay(spec: ModelSpec) -> ModelSpec:
    if spec.provider == "replay":
        raise ValueError("a recording plays a whole run by itself; name another model, or none")
    return spec
