"""Settings of what is logged, measured and traced. Read as part of `Settings`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr, field_validator, model_validator

from backend.database_settings import is_installed

_LANGSMITH = "https://api.smith.langchain.com"


class TelemetrySettings(BaseModel):
    """Settings of logging, metrics and traces."""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="How it is logged; auto: console on a terminal, else json"
    )
    metrics: bool = Field(True, description="Answer at /metrics, for Prometheus")

    langsmith_tracing: bool = Field(
        False,
        validation_alias=AliasChoices("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2"),
        description="Trace every run with LangSmith",
    )
    langsmith_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")
    )
    langsmith_api_key_file: Path | None = Field(
        None,
        validation_alias=AliasChoices("LANGSMITH_API_KEY_FILE"),
        description="File that holds LANGSMITH_API_KEY in its place",
    )
    langsmith_project: str = Field(
        "storywire", validation_alias=AliasChoices("LANGSMITH_PROJECT", "LANGCHAIN_PROJECT")
    )
    langsmith_endpoint: str = Field(
        _LANGSMITH, validation_alias=AliasChoices("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT")
    )
    otlp: str | None = Field(
        None,
        validation_alias=AliasChoices("STORYWIRE_OTLP", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="Address of an OpenTelemetry collector (OTLP over HTTP), e.g. http://127.0.0.1:4318",
    )
    trace_mask: Literal["none", "personal", "all"] = Field(
        "personal",
        description="What LangSmith's traces hide: nothing, what inputs say about persons, or all texts",
    )

    @model_validator(mode="after")
    def _check_langsmith(self) -> Self:
        if (
            self.langsmith_tracing
            and self.langsmith_api_key is None
            and self.langsmith_endpoint == _LANGSMITH
        ):
            raise ValueError("LANGSMITH_TRACING needs LANGSMITH_API_KEY, which is not set")
        return self

    @field_validator("otlp")
    @classmethod
    def _check_otlp(cls, url: str | None) -> str | None:
        if url is None:
            return None
        if not url.startswith(("http://", "https://")):
            raise ValueError("the address of a collector is expected, e.g. http://127.0.0.1:4318")
        if not all(
            map(
                is_installed,
                ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"),
            )
        ):
            raise ValueError(
                "traces over OTLP need the extra `otel`, which is not installed: in the checkout, "
                ".venv/bin/python -m pip install --no-build-isolation --editable '.[otel]'"
            )
        return url
