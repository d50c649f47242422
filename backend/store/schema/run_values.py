"""Typed values in the columns of a run."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import JSON, String
from sqlalchemy.types import TypeDecorator

from backend.store.schema.columns import clamped
from backend.store.schema.transitions import FAILED, Status
from backend.timezones import check_timezone
from workflows.text.json_values import JsonModel
from workflows.versions import VersionSeed

log = structlog.get_logger()

MAX_USD = 1_000_000
MAX_TOKENS = 1_000_000_000
"""Caps beyond these are mistakes, and numbers far beyond them fit no column."""


class RunOptions(JsonModel):
    """The options of a run. A query's strings are read with `strict=False`."""

    model_config = ConfigDict(frozen=True)

    model: str | None = Field(
        None, description="provider:model; the service's default when left out", max_length=128
    )
    parallel: int = Field(1, ge=1, le=16, description="Sections that are written at once")
    on_disconnect: Literal["continue", "cancel"] = Field(
        "continue", description="cancel: stop the run when nobody has read it for a while"
    )
    keep_length: bool = Field(
        True, description="Keep each section to its planned length; false: take what the model writes"
    )
    budget_usd: float | None = Field(
        None,
        gt=0,
        le=MAX_USD,
        allow_inf_nan=False,
        description="US dollars that the run may cost; the service's default when left out",
    )
    max_output_tokens: int | None = Field(
        None, ge=1, le=MAX_TOKENS, description="Tokens that the models may write for the run, all in all"
    )
    cache: Literal["use", "refresh", "off"] | None = Field(
        None,
        description="use: the same request's last result, if there is one; refresh: written anew and kept; "
        "off; the format's default when left out",
    )
    review_outline: bool = Field(False, description="Wait after the plan for a person to edit it")
    timezone: Annotated[str, AfterValidator(check_timezone)] | None = Field(
        None,
        max_length=64,
        description="Time zone of whoever reads, such as Europe/Berlin, for the date that the text is written on; the "
        "service's own when left out",
    )


STORED_CHANGE = "wish"
"""The key of a version's change in the column, from before it was called so."""


class VersionChange(BaseModel):
    """The change wanted in a version. Without a `section` (from 0) in all of it."""

    model_config = ConfigDict(frozen=True)

    section: int | None = None
    feedback: str | None = None


class VersionOrigin(BaseModel):
    """The origin of a version. `seed` is None where only the input is taken over, or the text was deleted since."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    change: VersionChange = Field(alias=STORED_CHANGE)
    seed: VersionSeed | None = None

    @property
    def has_lost_seed(self) -> bool:
        """Whether the text that the version is made of was deleted."""
        return self.seed is None and (self.change.section is not None or self.change.feedback is not None)


class StatusColumn(TypeDecorator[str]):
    """The state of a run. One that this version doesn't know, in a damaged row, counts as broken off: such a run can be
    looked at and deleted, and nobody waits for it."""

    impl = String(16)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """The state, or that of a run that failed."""
        del dialect
        if value is None or value in get_args(Status):
            return value
        log.warning("column_not_readable", type="status")
        return FAILED


class ModelColumn(TypeDecorator[Any]):
    """A JSON column of validated models. A value that this version can't read counts as absent: a run with an odd
    column can still be found, cancelled and deleted."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, model: type[Any], default: Callable[[], Any] = lambda: None) -> None:
        """`default` makes what stands for a value that can't be read."""
        super().__init__()
        self.model = model
        self.default = default
        self._adapter: TypeAdapter[Any] = TypeAdapter(model)

    def process_bind_param(self, value: Any | None, dialect: Any) -> Any:
        """Model → JSON that fits the column, whatever a model or a provider brought into it."""
        del dialect
        return (
            None
            if value is None
            else clamped(self._adapter.dump_python(value, mode="json", exclude_none=True))
        )

    def process_result_value(self, value: Any | None, dialect: Any) -> Any | None:
        """JSON → model. Fields of a later version are kept."""
        del dialect
        if value is None:
            return self.default()
        try:
            return self._adapter.validate_python(value, extra="allow")
        except ValidationError as error:
            log.warning("column_not_readable", type=self.model.__name__, faults=error.error_count())
            return self.default()
