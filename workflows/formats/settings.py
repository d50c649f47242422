"""Settings of single formats, read from the environment like the service's own."""

from pydantic import AliasChoices, BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict


class FormatSettings(BaseSettings):
    """Base of a format's settings model, read from the environment and `.env`.

    The variables are called STORYWIRE_<NAME>; a package of your own takes a prefix of its own:
    `class LetterSettings(FormatSettings, env_prefix="LETTERS_")`.
    """

    model_config = SettingsConfigDict(
        env_prefix="STORYWIRE_",
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )


def variables_of(settings: type[BaseModel], field: str) -> list[str]:
    """The environment variables that set a field, the usual one first."""
    alias = settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [alias] if isinstance(alias, str) else [f"{prefix_of(settings)}{field}".upper()]


def prefix_of(settings: type[BaseModel]) -> str:
    """The prefix of its variables' names."""
    return str(settings.model_config.get("env_prefix", ""))
