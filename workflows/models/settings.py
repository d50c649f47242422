"""Which models there are to write with: the part of the environment that the graphs need.

This and `backend/settings.py` are the only readers of the environment.
"""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflows.models.spec import ModelSpec


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
        None, description="The model that writes, as provider:model, e.g. openai:gpt-5-mini"
    )
    local_model: Path | None = Field(None, description="Another GGUF file for the embedded model to run")
    runtime_dir: Path = Field(
        Path.home() / ".cache" / "storywire",
        description="Where the embedded model's process leaves its address",
    )
    token_timeout: float = Field(
        90.0, gt=0, description="Seconds without a token after which a model call is given up (MODEL_TIMEOUT)"
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

    @field_validator("local_model", "runtime_dir", "data_dir", "replay_dir", "record_dir", check_fields=False)
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        """`~` in `.env`, where no shell expands it."""
        return None if path is None else path.expanduser()

    @field_validator("model", "judge_model")
    @classmethod
    def _check_model(cls, model: str | None) -> str | None:
        if model is None:
            return None
        spec = ModelSpec.parse(model)
        if spec.provider == "replay":
            from workflows.models.replay import check_file  # a second of imports, for those who use it

            check_file(spec.name)
        return str(spec)
