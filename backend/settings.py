"""Settings of the service, and those of formats and extensions.

With `workflows/models/settings.py` and `workflows/formats/settings.py` the only readers of the environment.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from backend.access_settings import LOOPBACK_NAMES, AccessSettings
from backend.database_settings import DatabaseSettings
from backend.plugins import HasSettings, list_extensions
from backend.telemetry_settings import TelemetrySettings
from backend.timezones import check_timezone
from workflows.formats.capabilities import Configurable
from workflows.formats.registry import list_formats
from workflows.formats.settings import FormatSettings, prefix_of, variables_of
from workflows.models.configuration.paths import OwnPath
from workflows.models.configuration.secret_files import open_secret_file
from workflows.models.settings import ModelSettings
from workflows.safety.policies.registry import PolicyError, PolicyRegistry
from workflows.safety.settings import SafetySettings
from workflows.sections.settings import SectionSettings

_ACCOUNT_BUDGET_USD = 1.0
_READ_ONCE = {"langsmith_api_key": ("LANGSMITH_API_KEY",), "database_url": ("STORYWIRE_DATABASE_URL",)}
_SettingsT = TypeVar("_SettingsT", bound=FormatSettings)


class Settings(
    AccessSettings, DatabaseSettings, TelemetrySettings, SafetySettings, SectionSettings, ModelSettings
):
    """Settings of the service, read from the environment and from `.env` as STORYWIRE_<NAME>."""

    model_config = SettingsConfigDict(validate_default=True)

    _own: dict[type[FormatSettings], FormatSettings] = PrivateAttr(default_factory=dict)

    data_dir: OwnPath = Field(Path("data"), description="Everything that the embedded default keeps")
    allowed_hosts: str = Field(
        "",
        description="Names that the service is called by, comma separated; the loopback ones always are, * is any. "
        "Must be set where STORYWIRE_HOST is no loopback address",
    )

    max_runs: int = Field(
        100, ge=1, description="Runs at once in a process with SQLite; one more is refused (OVERLOADED)"
    )
    max_queued: int = Field(
        1000,
        ge=1,
        description="Runs that wait for a worker with PostgreSQL; one more is refused (OVERLOADED)",
    )
    max_connections: int = Field(
        2000, ge=10, le=100_000, description="Connections at once; one more is refused (OVERLOADED)"
    )
    request_seconds: float = Field(
        30, gt=0, description="Seconds for the head of a request, and for each further part of its body"
    )
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="A larger request body is refused")
    max_document_bytes: int = Field(
        10_000_000, ge=1_000, le=100_000_000, description="A larger document is refused"
    )
    run_timeout: float = Field(3600, gt=0, description="Seconds that a run may take (TIMEOUT)")
    resume_on_start: bool = Field(
        True, description="Go on by itself with runs that a crash or a stop interrupted"
    )
    max_resumes: int = Field(
        5,
        ge=0,
        description="How often a run whose process died is taken up again by itself, without a section that is "
        "finished meanwhile; then it ends (INTERNAL), and can be resumed by hand",
    )
    shutdown_grace: float = Field(
        20, ge=0, description="Seconds that sections get to finish when the service is stopped"
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        description="Seconds between SIGTERM and closing the port, in which /readyz says that the service is stopping",
    )
    disconnect_grace: float = Field(
        60,
        ge=1,
        description="Seconds without a reader after which a run with on_disconnect=cancel is cancelled: 1 or more, in "
        "which a reader may reconnect",
    )
    budget_usd: float | None = Field(
        None, gt=0, description="US dollars that a run may cost, if it doesn't say so itself"
    )
    time_zone: str = Field(
        "UTC",
        description="Time zone (IANA) whose date prompts are given for readers whose own zone isn't known",
    )
    cache_ttl: float = Field(
        604800, ge=0, description="Seconds for which a run's result answers the same request"
    )
    record_dir: OwnPath | None = Field(
        None, description="Folder that every run's model calls are recorded in, a file each; none by default"
    )
    pack_after: float = Field(3600, ge=0, description="Seconds after its end when a run's log is packed")

    ping_seconds: float = Field(15, gt=0, description="Seconds between heartbeat comments")
    retry_ms: int = Field(2000, ge=0, description="Milliseconds that a reader waits before it comes back")
    slow_reader_seconds: float = Field(
        30, gt=0, description="Seconds after which a reader that takes nothing is closed"
    )
    merge_ms: int = Field(
        15, ge=0, le=1000, description="Milliseconds that text may wait to be sent together"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, given: Any) -> Any:
        """What stands in files that are read once, at the start. Other validators see it as if it had been set. A file
        without a name is none: whoever hands settings on can't always leave one out."""
        given = {name: value for name, value in given.items() if value or not name.lower().endswith("_file")}
        for name, aliases in _READ_ONCE.items():
            path = next((given[f"{alias}_FILE"] for alias in aliases if given.get(f"{alias}_FILE")), None)
            path = path or given.get(f"{name}_file")
            if path is None:
                continue
            if any(given.get(alias) is not None for alias in (name, *aliases)):
                raise ValueError(f"{aliases[0]}_FILE: {aliases[0]} is set too; one of the two is expected")
            try:
                given[name] = open_secret_file(Path(path).expanduser()).read()
            except ValueError as error:
                raise ValueError(f"{aliases[0]}_FILE: {error}") from None
        return given

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, name: str) -> str:
        return check_timezone(name)

    @model_validator(mode="after")
    def _check_host(self) -> Self:
        if self.has_queue and self.auth == "accounts" and not (self.secrets or self.secrets_file):
            raise ValueError(
                "STORYWIRE_SECRETS must be set with accounts and PostgreSQL: every process must sign tokens alike"
            )
        if self.has_accounts:
            self._check_public()
        elif self.host not in LOOPBACK_NAMES and not self.allowed_hosts.strip(", "):
            raise ValueError(
                f"STORYWIRE_ALLOWED_HOSTS must be set with STORYWIRE_HOST={self.host}: the service has no accounts, so "
                "everybody who reaches the port may use it; list the names that it is called by, such as "
                "stories.example.org, or * for any"
            )
        return self

    def _check_public(self) -> None:
        if self.public_url is None:
            if self.host not in LOOPBACK_NAMES:
                raise ValueError(
                    f"STORYWIRE_PUBLIC_URL must be set with STORYWIRE_HOST={self.host} and accounts: the address by "
                    "which people reach the service, such as https://stories.example.org"
                )
        elif not self.is_https and self.public_name not in LOOPBACK_NAMES:
            raise ValueError(
                "STORYWIRE_PUBLIC_URL must begin with https://: passwords and cookies would cross the network in clear"
            )

    @field_validator("policy_dir")
    @classmethod
    def _check_policies(cls, folder: Path | None) -> Path | None:
        if folder is not None:
            try:
                PolicyRegistry(folder)
            except PolicyError as error:
                raise ValueError(str(error)) from None
        return folder

    def of_format(self, name: str) -> FormatSettings | None:
        """The settings of a format; None where it has none, or none were loaded."""
        format = list_formats().get(name)
        return self._own.get(format.Settings) if isinstance(format, Configurable) else None

    def of(self, model: type[_SettingsT]) -> _SettingsT:
        """The settings of an extension; read now, where they weren't loaded with the service's."""
        return cast(_SettingsT, self._own.get(model) or model())

    @property
    def host_names(self) -> frozenset[str]:
        """The names of `allowed_hosts`, and that of `public_url`."""
        names = {name.strip() for name in self.allowed_hosts.split(",") if name.strip()}
        return frozenset(names | ({self.public_name} if self.public_name else set()))

    @property
    def default_budget_usd(self) -> float | None:
        """What a run may cost that doesn't say so itself; with accounts there is always a limit."""
        if self.budget_usd is None and self.has_accounts:
            return min(_ACCOUNT_BUDGET_USD, self.account_usd_month)
        return self.budget_usd

    @property
    def state_dir(self) -> Path:
        """The folder of the database file; the checkpoints and the processes' locks belong beside it. With a
        database elsewhere, the data directory."""
        return self.database_file.parent

    @property
    def database_file(self) -> Path:
        """The SQLite file of runs and their logs."""
        if self.database_url is None or self.has_queue:
            return self.data_dir / "storywire.db"
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def sql_url(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'storywire.db'}"


CLIENT_VARIABLES = frozenset({"STORYWIRE_SERVER", "STORYWIRE_KEY"})
"""What commands that ask a service read: no settings of the service."""


def settings_models() -> list[type[BaseSettings]]:
    """The settings models of the service, of the installed formats and of extensions."""
    return [Settings, *_own_models()]


def _own_models() -> list[type[FormatSettings]]:
    formats = (format for format in list_formats().values() if isinstance(format, Configurable))
    extensions = (extension for extension in list_extensions().values() if isinstance(extension, HasSettings))
    return [*(format.Settings for format in formats), *(extension.Settings for extension in extensions)]


def find_unknown() -> dict[str, str]:
    """Unknown variables with the prefix of a setting, each with a sentence; most are misspelt."""
    models = settings_models()
    known = {name for model in models for field in model.model_fields for name in variables_of(model, field)}
    prefixes = tuple(filter(None, {prefix_of(model) for model in models}))
    given = {name.upper() for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars)}
    known |= CLIENT_VARIABLES
    return {
        name: "there is no such setting, so it does nothing"
        + (f"; do you mean {close[0]}?" if (close := get_close_matches(name, known, 1, 0.87)) else "")
        for name in sorted(given - known)
        if name.startswith(prefixes)
    }


class SettingsError(Exception):
    """Error in a setting; the message names it and the accepted values."""


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process, its formats and extensions; `overrides` are fields of any. Raises
    SettingsError."""
    return _load(_own_models(), overrides)


def load_service_settings() -> Settings:
    """The settings of the service alone, without the formats and extensions, whose packages take seconds to load.
    Raises SettingsError."""
    return _load([], {})


def _load(models: list[type[FormatSettings]], overrides: Mapping[str, Any]) -> Settings:
    own, wrong = _load_own(models, overrides)
    fields = {field for model in models for field in model.model_fields}
    rest = {name: value for name, value in overrides.items() if name not in fields}
    try:
        settings = Settings(**rest)
    except ValidationError as error:
        wrong = [*_sentences(Settings, error), *wrong]
    if wrong:
        raise SettingsError("\n".join(wrong))
    settings._own = own
    return settings


def _load_own(
    models: list[type[FormatSettings]], overrides: Mapping[str, Any]
) -> tuple[dict[type[FormatSettings], FormatSettings], list[str]]:
    loaded: dict[type[FormatSettings], FormatSettings] = {}
    wrong: list[str] = []
    for model in models:
        given = {key: overrides[key] for key in ("_env_file", *model.model_fields) if key in overrides}
        try:
            loaded[model] = model(**given)
        except ValidationError as error:
            wrong += _sentences(model, error)
    return loaded, wrong


def _sentences(model: type[BaseSettings], error: ValidationError) -> list[str]:
    return [
        _sentence(model, item["loc"], item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_input=False)
    ]


def _sentence(model: type[BaseSettings], location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message
    name = str(location[0])
    return f"{variables_of(model, name)[0] if name in model.model_fields else name}: {message}"
