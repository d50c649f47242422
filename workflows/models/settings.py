"""Settings of models: the part of the environment that the graphs need.

This, `workflows/formats/settings.py` and `backend/settings.py` are the only readers of the environment.
"""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflows.models.configuration.cassettes import CassetteSettings
from workflows.models.configuration.embedded import EmbeddedSettings
from workflows.models.configuration.moderation import ModerationSettings
from workflows.models.configuration.prices import PriceSettings
from workflows.models.configuration.providers import ProviderSettings
from workflows.models.configuration.roles import RoleSettings


class ModelSettings(
    RoleSettings,
    ProviderSettings,
    EmbeddedSettings,
    CassetteSettings,
    PriceSettings,
    ModerationSettings,
    BaseSettings,
):
    """Models and keys, and settings of checks and formats. Providers are set by their own usual variables."""

    model_config = SettingsConfigDict(
        env_prefix="STORYWIRE_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    policy_dir: Path | None = Field(
        None, description="Folder of safety policies (*.toml) beside ours, or in their place"
    )
    revisions: int | None = Field(
        None,
        ge=0,
        le=3,
        description="How often a format's own review may have sections written again; as the format says by default",
    )

    context_words: int | None = Field(
        None,
        ge=800,
        le=100_000,
        description="Words up to which a section is shown the whole text before it; as the format says by default",
    )

    @field_validator(
        "local_model", "runtime_dir", "data_dir", "replay_dir", "record_dir", "policy_dir", check_fields=False
    )
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        """Expands `~` in `.env`, where no shell does."""
        return None if path is None else path.expanduser()
