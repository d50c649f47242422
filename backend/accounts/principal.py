"""Principal: who calls, by which credential, and what that credential allows."""

from dataclasses import dataclass
from typing import Literal

from backend.runs.admission.allowed_models import ALL_MODELS, AllowedModels
from backend.runs.admission.caller import CallerKey
from backend.store.accounts.callers import CallerCredential
from backend.store.accounts.tickets import StreamTicket
from backend.store.owner import LOCAL, Owner
from workflows.errors import Forbidden

CredentialKind = Literal["none", "browser", "app", "key", "ticket", "issuer"]

SCOPES = (
    "runs:read",
    "runs:write",
    "library:read",
    "library:write",
    "usage:read",
    "extensions:read",
    "extensions:write",
    "metrics:read",
)
"""What an API key may be allowed, beside the scopes of extensions. `library` is documents, and what goes with them."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that the caller showed: its kind and its id, never the secret itself. Of a ticket `issued_to` is
    the credential that it was requested with."""

    kind: CredentialKind
    id: str
    issued_to: "Credential | None" = None


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. `scopes` is None for a credential that allows everything that its owner may do; `models` are those
    that texts may be written by."""

    owner: Owner
    credential: Credential
    is_admin: bool = False
    scopes: frozenset[str] | None = None
    models: AllowedModels = ALL_MODELS
    ticket: StreamTicket | None = None
    key: CallerKey | None = None
    """The API key behind it, also where the credential is a ticket."""
    expires_at: float | None = None
    """Seconds since 1970 at which the credential ends by itself, where that is known."""

    @property
    def caller(self) -> CallerCredential:
        """What it hangs on: of a ticket, the credential that it was asked for with."""
        credential = self.credential.issued_to or self.credential
        return CallerCredential(self.owner, credential.kind, credential.id)

    @property
    def is_person(self) -> bool:
        """Whether a person has logged in: only they may change an account, or make credentials."""
        return self.credential.kind in ("browser", "app", "issuer")

    def check_scope(self, scope: str) -> None:
        """Raises Forbidden for a key that isn't allowed this."""
        if self.scopes is not None and scope not in self.scopes:
            raise Forbidden(f"This key lacks the scope {scope}.")


LOCAL_PRINCIPAL = Principal(LOCAL, Credential("none", ""), is_admin=True)
"""Whoever reaches a service without accounts."""
