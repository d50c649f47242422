"""Settings of providers: addresses, keys, timeouts."""

from pathlib import Path
from typing import Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr, model_validator

from workflows.models.configuration.secret_files import open_secret_file

_KEYS = {
    "openai_api_key": "OPENAI_API_KEY",
    "google_api_key": "GOOGLE_API_KEY",
    "groq_api_key": "GROQ_API_KEY",
    "compatible_api_key": "STORYWIRE_COMPATIBLE_API_KEY",
}
_IN_FILE = "File that holds {} in its place; read again when it changes"


class ProviderSettings(BaseModel):
    """Keys and addresses, by the providers' own usual variables; timeouts in seconds."""

    openai_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("OPENAI_API_KEY"))
    openai_api_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY_FILE"),
        description=_IN_FILE.format("OPENAI_API_KEY"),
    )
    openai_base_url: str | None = Field(None, validation_alias=AliasChoices("OPENAI_BASE_URL"))
    google_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("GOOGLE_API_KEY", "GEMINI_API_KEY")
    )
    google_api_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("GOOGLE_API_KEY_FILE"),
        description=_IN_FILE.format("GOOGLE_API_KEY"),
    )
    google_base_url: str | None = Field(None, validation_alias=AliasChoices("GOOGLE_GEMINI_BASE_URL"))
    groq_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("GROQ_API_KEY"))
    groq_api_key_file: Path | None = Field(
        None, validation_alias=AliasChoices("GROQ_API_KEY_FILE"), description=_IN_FILE.format("GROQ_API_KEY")
    )
    groq_base_url: str = Field(
        "https://api.groq.com/openai/v1", validation_alias=AliasChoices("GROQ_BASE_URL")
    )
    ollama_base_url: str | None = Field(None, validation_alias=AliasChoices("OLLAMA_BASE_URL"))
    compatible_base_url: str | None = Field(
        None, description="Address of one more server that speaks OpenAI's protocol, ending in /v1"
    )
    compatible_api_key: SecretStr | None = Field(None, description="Its key, if it wants one")
    compatible_api_key_file: Path | None = Field(
        None, description=_IN_FILE.format("STORYWIRE_COMPATIBLE_API_KEY")
    )

    token_timeout: float = Field(
        90.0, gt=0, description="Seconds without a token after which a model call is given up (MODEL_TIMEOUT)"
    )
    answer_timeout: float = Field(
        180.0,
        gt=0,
        description="Seconds that a whole answer in a form may take, such as a plan or a verdict (MODEL_TIMEOUT)",
    )
    direct_streams: bool = Field(
        True,
        description="Read streamed replies of OpenAI's protocol directly; false: have OpenAI's SDK make objects of "
        "them, which takes several times the processor time",
    )

    @model_validator(mode="after")
    def _read_key_files(self) -> Self:
        for name, variable in _KEYS.items():
            path = getattr(self, f"{name}_file")
            if path is None:
                continue
            try:
                if getattr(self, name) is not None:
                    raise ValueError(f"{variable} is set too; one of the two is expected")
                setattr(self, name, SecretStr(open_secret_file(path.expanduser()).read()))
            except ValueError as error:
                raise ValueError(f"{variable}_FILE: {error}") from None
        return self

    def current_key(self, name: str) -> SecretStr | None:
        """The key of the field `name`, as its file has it now where it is in one."""
        path: Path | None = getattr(self, f"{name}_file")
        if path is not None:
            return SecretStr(open_secret_file(path.expanduser()).read())
        key: SecretStr | None = getattr(self, name)
        return key
