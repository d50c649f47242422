"""Network addresses of clients, also behind proxies that are trusted."""

import ipaddress
from collections.abc import Sequence

from starlette.types import Scope

UNKNOWN = "unknown"
_LONGEST = 45


def client_address(scope: Scope, trusted: Sequence[str]) -> str:
    """The address that the request comes from: of the connection, or what the last trusted proxy says of whom it had
    the request from. What the client itself says of its address counts for nothing. IPv6 addresses are taken by
    network (/64), which is what one client has."""
    address = (scope.get("client") or (UNKNOWN, 0))[0]
    networks = [ipaddress.ip_network(network) for network in trusted]
    given = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for value in given for hop in value.decode("latin-1").split(",")]
    while hops and _is_in(address, networks):
        address = hops.pop()
    return _by_network(address)


def _is_in(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A socket for both versions calls clients of the older one ::ffff:10.0.0.1.
    found = (isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found
    return any(found.version == network.version and found in network for network in networks)


def _by_network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address[:_LONGEST])
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
