"""Connections to providers: addresses and keys from the settings, in one form."""

from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from workflows.models.settings import ModelSettings

Protocol = Literal["openai", "gemini"]

MISSING = {
    "openai": "OPENAI_API_KEY",
    "openai_responses": "OPENAI_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "ollama": "OLLAMA_BASE_URL",
    "openai_compatible": "STORYWIRE_COMPATIBLE_BASE_URL",
}
"""The setting without which a provider isn't there."""
KEYS = {
    "openai": "OPENAI_API_KEY",
    "openai_responses": "OPENAI_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "openai_compatible": "STORYWIRE_COMPATIBLE_API_KEY",
}
"""The setting that holds a provider's key."""
ADDRESSES = {
    "openai": "OPENAI_BASE_URL",
    "openai_responses": "OPENAI_BASE_URL",
    "google_genai": "GOOGLE_GEMINI_BASE_URL",
    "groq": "GROQ_BASE_URL",
    "ollama": "OLLAMA_BASE_URL",
    "openai_compatible": "STORYWIRE_COMPATIBLE_BASE_URL",
}
"""The setting that holds a provider's address."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Connection to a provider, from the settings. `base_url` is None where the provider's own SDK knows it."""

    protocol: Protocol
    base_url: str | None
    key: SecretStr | None


def is_configured(provider: str, settings: ModelSettings) -> bool:
    """Whether the settings have a connection to the provider. The embedded model and cassettes always count."""
    connection = find_connection(provider, settings)
    if connection is None:
        return True
    if provider in ("ollama", "openai_compatible"):
        return connection.base_url is not None
    return connection.key is not None or (provider.startswith("openai") and connection.base_url is not None)


def find_connection(provider: str, settings: ModelSettings) -> Connection | None:
    """The connection; None for the embedded model and cassettes, which are no providers on the network."""
    match provider:
        case "openai" | "openai_responses":
            return Connection("openai", settings.openai_base_url, settings.current_key("openai_api_key"))
        case "groq":
            return Connection("openai", settings.groq_base_url, settings.current_key("groq_api_key"))
        case "ollama":
            return Connection("openai", _with_version(settings.ollama_base_url), None)
        case "openai_compatible":
            return Connection(
                "openai", settings.compatible_base_url, settings.current_key("compatible_api_key")
            )
        case "google_genai":
            return Connection("gemini", settings.google_base_url, settings.current_key("google_api_key"))
    return None


def _with_version(base_url: str | None) -> str | None:
    """Ollama's address with `/v1`: its own variable names the server, OpenAI's protocol is below that path."""
    if base_url is None:
        return None
    return base_url.rstrip("/") if base_url.rstrip("/").endswith("/v1") else f"{base_url.rstrip('/')}/v1"
