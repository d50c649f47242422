"""Claims of signed tokens, and the ports of who signs and who verifies them. Without a library: only a mode that has
tokens loads one."""

from dataclasses import dataclass
from typing import Protocol

from backend.store.owner import Owner
from workflows.errors import Unauthenticated

LONGEST = 8192
"""Characters of a token; whoever sends more sends no token."""
LEEWAY_SECONDS = 30
"""By which clocks may differ."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Claims of an access token of ours: the owner, and the session that it is of."""

    owner: Owner
    session_id: str


@dataclass(frozen=True, slots=True)
class ForeignIdentity:
    """Identity that an issuer vouches for. `expires_at` in seconds since 1970."""

    issuer: str
    subject: str
    is_admin: bool
    expires_at: float


class TokenSigner(Protocol):
    """Signer and verifier of access tokens of ours, each good for `seconds`."""

    seconds: int

    def issue(self, claims: AccessClaims) -> str:
        """A token for a log-in."""

    def verify(self, token: str) -> AccessClaims:
        """Raises Unauthenticated for anything but a token of ours that is good now."""


class TokenIssuer(Protocol):
    """Issuer elsewhere whose tokens are accepted."""

    async def verify(self, token: str) -> ForeignIdentity:
        """Raises Unauthenticated."""


class NoTokens:
    """The signer of a service in which no app logs in."""

    seconds = 0

    def issue(self, claims: AccessClaims) -> str:
        """See `TokenSigner`."""
        del claims
        raise Unauthenticated("This service gives out no access tokens.")

    def verify(self, token: str) -> AccessClaims:
        """See `TokenSigner`."""
        del token
        raise Unauthenticated("This service gives out no access tokens.")
