"""Operator settings of discovery reports."""

from pydantic import Field, field_validator

from workflows.formats.discovery_report.areas import AreaError, AreaRegistry
from workflows.formats.settings import FormatSettings
from workflows.models.configuration.paths import OwnPath


class ReportSettings(FormatSettings):
    """Settings of discovery reports: notes on fields, and a monthly limit."""

    research_dir: OwnPath | None = Field(
        None,
        description="Folder of notes on fields for discovery reports (*.toml) beside ours, or in their place",
    )
    monthly_reports: int | None = Field(
        None,
        ge=0,
        description="Discovery reports a user a month (QUOTA_EXCEEDED); as many as they like by default",
    )

    @field_validator("research_dir")
    @classmethod
    def _check_areas(cls, folder: OwnPath | None) -> OwnPath | None:
        if folder is None:
            return None
        try:
            AreaRegistry(folder)
        except AreaError as error:
            raise ValueError(str(error)) from None
        return folder
