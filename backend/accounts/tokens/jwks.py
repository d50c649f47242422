"""Published keys of an issuer: fetched from one fixed address, bounded in size and time, and kept while it is away.

The address is the operator's, never a token's. No redirect is followed, and (unless the settings say otherwise) no
private address is connected to, whatever the name resolves to at that moment.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

log = structlog.get_logger()

_SECONDS = 5.0
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 100
_FRESH_SECONDS = 600.0
_AGAIN_SECONDS = 30.0
"""Between two tries, whatever unknown keys tokens name."""
_KEPT_SECONDS = 24 * 3600.0
"""For which known keys go on working while the issuer can't be reached."""
_UNPACKED = {"Accept-Encoding": "identity"}
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})


class JwksError(Exception):
    """The keys can't be had; the message holds nothing of the reply."""


class JwksKeys:
    """The keys at an address. One fetch at a time, however many ask."""

    def __init__(self, url: str, *, allow_private: bool, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._allow_private = allow_private
        self._now = now
        self._keys: KeySet | None = None
        self._kids: frozenset[str | None] = frozenset()
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> KeySet | None:
        """See `PublishedKeys`."""
        if self._is_stale(kid):
            if self._keys is not None and (kid is None or kid in self._kids):
                self._refresh_soon()
            else:
                await self._refresh_once(kid)
        return self._keys if self._now() - self._fetched_at <= _KEPT_SECONDS else None

    def _is_stale(self, kid: str | None) -> bool:
        if self._now() - self._tried_at < _AGAIN_SECONDS:
            return False
        is_unknown = kid is not None and kid not in self._kids
        return is_unknown or self._now() - self._fetched_at > _FRESH_SECONDS

    def _refresh_soon(self) -> None:
        """Beside what goes on: who shows a known key doesn't wait for a slow issuer."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh_once(None))

    async def _refresh_once(self, kid: str | None) -> None:
        async with self._lock:
            if self._is_stale(kid):
                await self._refresh()

    async def close(self) -> None:
        """Gives up what is under way."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    async def _refresh(self) -> None:
        self._tried_at = self._now()
        try:
            async with asyncio.timeout(_SECONDS):
                document = await self._fetch()
            self._keys, self._kids = _parse(document)
            self._fetched_at = self._now()
        except (JwksError, httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            log.warning("jwks_not_fetched", error=type(error).__name__, reason=str(error)[:200])

    async def _fetch(self) -> bytes:
        url, headers, extensions = await self._target()
        received = bytearray()
        async with (
            httpx2.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client,
            client.stream("GET", url, headers={**headers, **_UNPACKED}, extensions=extensions) as reply,
        ):
            if reply.status_code != 200:
                raise JwksError(f"status {reply.status_code}")
            async for part in reply.aiter_raw():  # a few packed bytes could be gigabytes
                received += part
                if len(received) > _MOST_BYTES:
                    raise JwksError(f"more than {_MOST_BYTES} bytes")
        return bytes(received)

    async def _target(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """The address with the name replaced by what it resolves to now, so that what was checked is what is
        connected to; certificates are still checked against the name."""
        if self._allow_private:
            return self._url, {}, {}
        parts = urlsplit(self._url)
        host, port = parts.hostname or "", parts.port or 443
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(item[4][0]) for item in found]
        if not addresses or not all(ipaddress.ip_address(item).is_global for item in addresses):
            raise JwksError("it resolves to an address that is not public")
        address = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        url = urlunsplit((parts.scheme, f"{address}:{port}", parts.path, parts.query, ""))
        return url, {"Host": parts.netloc.rpartition("@")[2]}, {"sni_hostname": host}


def _parse(document: bytes) -> tuple[KeySet, frozenset[str | None]]:
    """The public keys for signatures; others in the set are left out. Raises JwksError."""
    try:
        given = orjson.loads(document)["keys"]
        chosen = [key for key in given if _is_public_signing_key(key)][:_MOST_KEYS]
    except (ValueError, TypeError, KeyError) as error:
        raise JwksError("it holds no key set") from error
    keys = [key for key in map(_key, chosen) if key is not None]
    if not keys:
        raise JwksError("it holds no public key for signatures")
    return KeySet(keys), frozenset(key.kid for key in keys)


def _key(given: dict[str, Any]) -> Key | None:
    """The key; None for one of a kind that isn't known here, which is no reason to do without the others."""
    try:
        return JWKRegistry.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_public_signing_key(key: Any) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") in _KEY_TYPES
        and key.get("use", "sig") == "sig"
        and "d" not in key
        and isinstance(key.get("kid"), str | None)
    )
