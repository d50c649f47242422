"""Settings of providers: addresses, keys, timeouts."""

from pydantic import AliasChoices, BaseModel, Field, SecretStr


class ProviderSettings(BaseModel):
    """Keys and addresses, by the providers' own usual variables; timeouts in seconds."""

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
