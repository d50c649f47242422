"""The address book over HTTP."""

from fastapi import APIRouter

from storywire.extensions import ResourcesDep

from .addresses import AddressBook

router = APIRouter(prefix="/api/v1/postcards", tags=["postcards"])


@router.get("/addresses")
async def list_addresses(resources: ResourcesDep) -> dict[str, list[dict[str, str]]]:
    """Everybody in it."""
    names = resources.parts_of(AddressBook).names
    return {"addresses": [{"id": address_id, "name": name} for address_id, name in names.items()]}
