"""Dependencies of the story routes."""

from typing import Annotated

from fastapi import Depends

from backend.api.dependencies import ResourcesDep
from backend.stories.children import Children
from backend.stories.choices import Choices
from backend.stories.parts import StoryParts
from backend.stories.sessions import Sessions


async def get_children(resources: ResourcesDep) -> Children:
    """The use cases of children."""
    return resources.parts_of(StoryParts).children


async def get_sessions(resources: ResourcesDep) -> Sessions:
    """The use cases of story sessions."""
    return resources.parts_of(StoryParts).sessions


async def get_choices(resources: ResourcesDep) -> Choices:
    """The use case of choices."""
    return resources.parts_of(StoryParts).choices


ChildrenDep = Annotated[Children, Depends(get_children)]
SessionsDep = Annotated[Sessions, Depends(get_sessions)]
ChoicesDep = Annotated[Choices, Depends(get_choices)]
