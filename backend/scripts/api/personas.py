"""`/api/v1/personas`: stored personas of viewers and speakers."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel

from backend.api.dependencies import OwnerDep
from backend.scripts.api.parts import PersonasDep
from backend.scripts.store.personas import StoredPersona
from workflows.errors import NotFound
from workflows.formats.creator_script.personas import AudiencePersona, Persona, ScriptPersona

router = APIRouter(prefix="/api/v1/personas", tags=["personas"])

PersonaId = Annotated[str, Path(max_length=64)]
PersonaBody = Annotated[Persona, Body()]


class PersonaView(BaseModel):
    """A stored persona."""

    id: str
    kind: Literal["audience", "script"]
    name: str
    persona: AudiencePersona | ScriptPersona
    created_at: datetime
    updated_at: datetime


@router.post("", status_code=201, responses={409: {"description": "One persona too many"}})
async def add_persona(body: PersonaBody, owner: OwnerDep, personas: PersonasDep) -> PersonaView:
    """Stores a persona, of the kind `audience` or `script`."""
    return _view(await personas.add(owner, body.model_dump(mode="json")))


@router.get("")
async def list_personas(
    owner: OwnerDep,
    personas: PersonasDep,
    kind: Annotated[Literal["audience", "script"] | None, Query()] = None,
) -> dict[str, list[PersonaView]]:
    """The caller's personas, newest first."""
    return {"personas": [_view(found) for found in await personas.all(owner, kind)]}


@router.get("/{persona_id}")
async def get_persona(persona_id: PersonaId, owner: OwnerDep, personas: PersonasDep) -> PersonaView:
    """A persona by its id."""
    return _view(_there(await personas.find(owner, persona_id), persona_id))


@router.put("/{persona_id}")
async def replace_persona(
    persona_id: PersonaId, body: PersonaBody, owner: OwnerDep, personas: PersonasDep
) -> PersonaView:
    """Replaces a persona. Runs that were started with the old one keep it."""
    found = await personas.replace(owner, persona_id, body.model_dump(mode="json"))
    return _view(_there(found, persona_id))


@router.delete("/{persona_id}", status_code=204)
async def remove_persona(persona_id: PersonaId, owner: OwnerDep, personas: PersonasDep) -> None:
    """Deletes a persona."""
    if not await personas.remove(owner, persona_id):
        _there(None, persona_id)


def _there(found: StoredPersona | None, persona_id: str) -> StoredPersona:
    if found is None:
        raise NotFound(f"There is no persona {persona_id}.")
    return found


def _view(stored: StoredPersona) -> PersonaView:
    return PersonaView.model_validate(
        {
            "id": stored.id,
            "kind": stored.kind,
            "name": stored.name,
            "persona": stored.data,
            "created_at": stored.created_at,
            "updated_at": stored.updated_at,
        }
    )
