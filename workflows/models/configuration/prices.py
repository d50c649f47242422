"""Settings of prices."""

from pathlib import Path

from pydantic import BaseModel, Field, field_validator

from workflows.models.budget.prices import PriceError, PriceRegistry


class PriceSettings(BaseModel):
    """A file of the operator's prices, read once as a check."""

    prices: Path | None = Field(
        None, description="File of prices (TOML or JSON) beside those that are known, or in their place"
    )

    @field_validator("prices")
    @classmethod
    def _check_prices(cls, path: Path | None) -> Path | None:
        path = None if path is None else path.expanduser()
        try:
            PriceRegistry(path)
        except PriceError as error:
            raise ValueError(str(error)) from None
        return path
