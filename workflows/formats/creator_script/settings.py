"""Operator settings of video scripts."""

from pydantic import Field, field_validator

from workflows.formats.creator_script.templates import TemplateError, TemplateRegistry
from workflows.formats.settings import FormatSettings
from workflows.models.configuration.paths import OwnPath


class ScriptSettings(FormatSettings):
    """Settings of video scripts: templates."""

    template_dir: OwnPath | None = Field(
        None, description="Folder of templates for video scripts (*.toml) beside ours, or in their place"
    )

    @field_validator("template_dir")
    @classmethod
    def _check_templates(cls, folder: OwnPath | None) -> OwnPath | None:
        if folder is None:
            return None
        try:
            TemplateRegistry(folder)
        except TemplateError as error:
            raise ValueError(str(error)) from None
        return folder
