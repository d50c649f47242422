"""Use cases of the creator script extension."""

from dataclasses import dataclass

from backend.extensions.base import ServiceContext
from backend.scripts.settings import PersonaSettings
from backend.scripts.store.personas import PersonaRepository
from backend.store.limits import cap_of
from workflows.formats.creator_script.format import CreatorScriptFormat


@dataclass(frozen=True, slots=True)
class ScriptParts:
    """Stored personas, and the format as configured."""

    personas: PersonaRepository
    format: CreatorScriptFormat


def open_scripts(service: ServiceContext, format: str) -> ScriptParts:
    """The use cases. Raises TypeError when another package has replaced the format with one of another kind."""
    found = service.formats[format]
    if not isinstance(found, CreatorScriptFormat):
        raise TypeError(f"The format {format} is {type(found).__name__}, no CreatorScriptFormat.")
    cap = cap_of(service.settings, "personas", service.settings.of(PersonaSettings))
    return ScriptParts(PersonaRepository(service.database, cap), found)
