"""Dependencies of the creator script routes."""

from typing import Annotated

from fastapi import Depends

from backend.api.dependencies import ResourcesDep
from backend.scripts.parts import ScriptParts
from backend.scripts.store.personas import PersonaRepository
from workflows.formats.creator_script.format import CreatorScriptFormat


def get_personas(resources: ResourcesDep) -> PersonaRepository:
    """The stored personas."""
    return resources.parts_of(ScriptParts).personas


def get_script_format(resources: ResourcesDep) -> CreatorScriptFormat:
    """The creator script format, as configured."""
    return resources.parts_of(ScriptParts).format


PersonasDep = Annotated[PersonaRepository, Depends(get_personas)]
ScriptFormatDep = Annotated[CreatorScriptFormat, Depends(get_script_format)]
