"""Settings of models: the part of the environment that the graphs need.

This, `workflows/formats/settings.py` and `backend/settings.py` are the only readers of the environment.
"""

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
    """Models and keys. Providers are set by their own usual variables."""

    model_config = SettingsConfigDict(
        env_prefix="STORYWIRE_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )
