"""A running service as commands ask it: JSON over HTTP, with an API key where it has accounts."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx2
import typer

RUNS = "/api/v1/runs"
"""Where runs are."""
KEY_VARIABLE, SERVER_VARIABLE = "STORYWIRE_KEY", "STORYWIRE_SERVER"

SourceOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar=SERVER_VARIABLE,
        show_envvar=True,
        help="A service's address; without one the runs of this machine.",
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", envvar=KEY_VARIABLE, show_envvar=True, help="An API key, where the service has accounts."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]


class RemoteError(Exception):
    """A service that refuses the request or can't be reached."""


@dataclass(frozen=True, slots=True)
class Service:
    """Address and key of a service. The key is in no message and no repr."""

    address: str
    key: str | None = field(default=None, repr=False)

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.address.rstrip("/")

    def client(self) -> httpx2.AsyncClient:
        """A client that shows the key. It follows no redirect, which could take the key elsewhere."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return httpx2.AsyncClient(timeout=httpx2.Timeout(10, read=60), headers=headers)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The reply's JSON; None where it has none. Raises RemoteError."""
        reply = await self.send(method, path, body)
        return reply.json() if reply.content else None

    async def send(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """The reply, whole. Raises RemoteError for a refusal, and where there is no service."""
        async with self.client() as client:
            reply = await reach(client.request(method, self.base + path, json=body), self.base)
        if reply.is_error:
            raise RemoteError(refusal_of(reply))
        return reply


async def reach(request: Any, base: str) -> httpx2.Response:
    """The reply to a request. Raises RemoteError where there is no service."""
    try:
        reply: httpx2.Response = await request
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise RemoteError(f"{base} is no address of a service: {error}") from error
    except httpx2.TransportError as error:
        raise RemoteError(f"There is no service at {base} ({type(error).__name__}).") from error
    return reply


def refusal_of(reply: httpx2.Response) -> str:
    """What a refusal says, for a person."""
    hint = f" Give a key: --key, or {KEY_VARIABLE}." if reply.status_code == 401 else ""
    try:
        return f"{reply.json()['detail']}{hint}"
    except (ValueError, KeyError, TypeError):
        return f"The service answered {reply.status_code}.{hint}"
