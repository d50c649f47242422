"""The address book on the command line."""

import asyncio
from collections.abc import Mapping

import typer

from storywire.extensions import open_resources, quiet_settings

from .addresses import AddressBook


def addresses() -> None:
    """Everybody in the address book of postcards."""
    for address_id, name in asyncio.run(_names()).items():
        typer.echo(f"{address_id}  {name}")


async def _names() -> Mapping[str, str]:
    async with open_resources(quiet_settings()) as resources:
        return resources.parts_of(AddressBook).names
