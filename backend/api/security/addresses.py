"""Network addresses of clients, also behind proxies that are trusted."""

import ipaddress
import re
from collections.abc import Sequence

from starlette.types import Scope

UNKNOWN = "unknown"
_LONGEST = 128
"""Characters of one hop: an address with its zone, its port and what stands around it."""
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^";]*)', re.IGNORECASE)
_WITH_PORT = re.compile(rf"\[([^\]]{{0,{_LONGEST}}})\](?::\d{{1,5}})?|([^:\[\]]{{0,{_LONGEST}}}):\d{{1,5}}")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(scope: Scope, trusted: Sequence[str]) -> str:
    """The address that the request comes from: of the connection, or what the last trusted proxy says of whom it had
    the request from. What the client itself says of its address counts for nothing. IPv6 addresses are taken by
    network (/64), which is what one client has.

    A proxy may name the port too (`203.0.113.7:4711`, `[2001:db8::1]:443`), or write as in the header `Forwarded`
    (`for="[2001:db8::1]"`). Where it names no address, its own counts.
    """
    address = _parse((scope.get("client") or ("", 0))[0])
    networks = [ipaddress.ip_network(network) for network in trusted]
    given = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop for value in given for hop in value.decode("latin-1").split(",") if hop.strip()]
    while hops and address is not None and _is_in(address, networks):
        if (before := _parse(hops.pop())) is None:
            break
        address = before
    return UNKNOWN if address is None else _by_network(address)


def _parse(hop: str) -> _Address | None:
    """The address in one hop of the header; None for anything else. An IPv4 address in IPv6's form, as a socket for
    both versions names it (`::ffff:10.0.0.1`), is the IPv4 one."""
    if len(hop) > _LONGEST:
        return None
    text = hop.strip()
    if (pair := _FOR.search(text)) is not None:
        text = pair[1]
    text = text.strip().strip('"')
    if (parts := _WITH_PORT.fullmatch(text)) is not None:
        text = parts[1] or parts[2] or ""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found


def _is_in(address: _Address, networks: Sequence[_Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _by_network(address: _Address) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
