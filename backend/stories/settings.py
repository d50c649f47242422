"""Settings of the story extension."""

from pydantic import Field

from workflows.formats.story.settings import ConsentSettings


class StorySettings(ConsentSettings):
    """Limits of children and stories, and whether a parent must consent, which the format asks too."""

    account_children: int = Field(20, ge=1, description="Children that an account may have")
    account_stories: int = Field(500, ge=1, description="Stories with chapters that an account may have")
