"""Operator settings of stories."""

from pydantic import Field

from workflows.formats.settings import FormatSettings


class ConsentSettings(FormatSettings):
    """Settings of stories: whether a parent must consent."""

    require_consent: bool = Field(
        False,
        description="Keep a child's data, and write for a child, with the consent of a parent only (`consent: true`)",
    )
