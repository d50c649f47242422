"""Who may speak to a service that has no accounts.

Whoever reaches the port may use the service, and that is also every page that the same browser has
open. Some requests start (and pay for) a run with nothing but an address, so those that a browser
makes for another site's page are refused, also when that site's name was bent to this machine.
Clients that are no browsers send none of these headers but Host.
"""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.api.problems import problem

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


class OwnSite:
    """Refuses API requests of other sites' pages, and of names that are not this service's.

    `allowed_hosts` are names beside the loopback ones; without any, a service that listens to the
    network takes every name.
    """

    def __init__(self, app: ASGIApp, listens_on: str, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        any_name = "*" in allowed_hosts or (listens_on not in _LOOPBACK and not allowed_hosts)
        self._names = None if any_name else _LOOPBACK | {listens_on} | allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"].startswith(("/api/", "/metrics")):
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            if (reason := self._refuse(headers)) is not None:
                await problem("FORBIDDEN", reason)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refuse(self, headers: dict[bytes, str]) -> str | None:
        host = headers.get(b"host", "")
        if self._names is not None and _name(host) not in self._names:
            return (
                "This service is not called that here; STORYWIRE_ALLOWED_HOSTS lists the names it answers to."
            )
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        # Browsers send the first header only over https and to this very machine; the second tells elsewhere.
        foreign = (
            site == "cross-site"
            if site
            else bool(origin) and _name(urlsplit(origin or "").netloc) != _name(host)
        )
        return "Pages of other sites may not use this service." if foreign else None


def _name(host: str) -> str:
    """`localhost:8000` → `localhost`, `[::1]:8000` → `[::1]`."""
    return host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
