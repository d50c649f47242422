"""Settings of the creator script extension."""

from pydantic import Field

from workflows.formats.settings import FormatSettings


class PersonaSettings(FormatSettings):
    """Limits of stored personas."""

    account_personas: int = Field(100, ge=1, description="Personas that an account may have")
