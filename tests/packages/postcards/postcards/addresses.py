"""The use cases."""

from collections.abc import Mapping


class AddressBook:
    """Names by id: an operator's own, the same for every user."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    async def find(self, owner: str, address_id: str) -> Mapping[str, str] | None:
        """As formats look it up."""
        name = self.names.get(address_id)
        return None if name is None else {"id": address_id, "name": name}
