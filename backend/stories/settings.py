"""Settings of the story extension."""

from pydantic import Field

from workflows.formats.settings import FormatSettings


class StorySettings(FormatSettings):
    """Limits of children and stories, and whether a parent must consent."""

    account_children: int = Field(20, ge=1, description="Children that an account may have")
    account_stories: int = Field(500, ge=1, description="Stories with chapters that an account may have")
    require_consent: bool = Field(
        False, description="Store no child without the consent of a parent (`consent: true`)"
    )
