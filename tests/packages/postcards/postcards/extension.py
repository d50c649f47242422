"""What goes with the format in the service. Imported by every command, so it imports little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from storywire.extensions import CommandLine, Extension, Lookup, RouteAccess, ServiceContext

from .addresses import AddressBook

if TYPE_CHECKING:
    from fastapi import APIRouter


class PostcardExtension(Extension):
    """The address book: for inputs, over HTTP, on the command line."""

    name = "postcard"

    def open(self, service: ServiceContext) -> AddressBook:
        """The address book that the format was set up with."""
        from .format import PostcardFormat

        format = service.formats["postcard"]
        assert isinstance(format, PostcardFormat)
        return AddressBook(format.addresses)

    def lookups(self, service: ServiceContext) -> Mapping[str, Lookup]:
        """`address`, which an input names as `address_id`."""
        return {"address": self.open(service).find}

    def access(self) -> Sequence[RouteAccess]:
        """A scope of its own for the address book."""
        return [RouteAccess(r"/api/v1/postcards/addresses", "addresses")]

    def routers(self) -> Sequence[APIRouter]:
        """`/api/v1/postcards/addresses`."""
        from .routes import router

        return [router]

    def add_commands(self, line: CommandLine) -> None:
        """`storywire addresses`."""
        from .commands import addresses

        line.app.command("addresses")(addresses)
