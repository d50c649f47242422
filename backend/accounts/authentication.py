"""Authentication: from what a request shows to who calls."""

import time
from dataclasses import dataclass

from backend.accounts.api_keys import ApiKeys
from backend.accounts.claims import LONGEST, TokenIssuer
from backend.accounts.principal import Credential, CredentialKind, Principal
from backend.accounts.secrets import PREFIXES
from backend.accounts.sessions import LoginSessions
from backend.accounts.tickets import StreamTickets
from backend.store.accounts.accounts import AccountRepository
from backend.store.accounts.logins import ActiveLogin
from backend.store.accounts.tickets import StreamTicket
from backend.store.owner import Owner
from backend.tasks import Background
from workflows.errors import Unauthenticated

_NOBODY = (
    "Log in first: a session's cookie, or `Authorization: Bearer` with a token or an API key, is expected."
)
_ENDED = "This log-in, key or ticket is not valid (any more)."


@dataclass(frozen=True, slots=True)
class ShownCredentials:
    """Credentials in a request. Of several the first of bearer, ticket, cookie counts, and no other is tried."""

    bearer: str | None = None
    ticket: str | None = None
    cookie: str | None = None


class Authenticator:
    """Authentication by any credential. With an `issuer` its tokens take the place of ours."""

    def __init__(
        self,
        accounts: AccountRepository,
        sessions: LoginSessions,
        keys: ApiKeys,
        tickets: StreamTickets,
        issuer: TokenIssuer | None,
        background: Background,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._keys = keys
        self._tickets = tickets
        self._issuer = issuer
        self._background = background

    async def authenticate(self, shown: ShownCredentials) -> Principal:
        """Who calls. Raises Unauthenticated."""
        if shown.bearer is not None:
            return await self._of_bearer(shown.bearer)
        if shown.ticket is not None:
            return await self._of_ticket(shown.ticket)
        if shown.cookie is not None and self._issuer is None:
            return self._of_login(await self._sessions.of_cookie(shown.cookie))
        raise Unauthenticated(_NOBODY)

    async def is_valid(self, principal: Principal) -> bool:
        """Whether it still is who it was when a long request began."""
        if principal.expires_at is not None and time.time() >= principal.expires_at:
            return False
        credential = principal.credential.issued_to or principal.credential
        return await self._lives(principal.owner, credential.kind, credential.id)

    async def _of_bearer(self, token: str) -> Principal:
        if len(token) > LONGEST or not token.isascii():
            raise Unauthenticated(_ENDED)
        if token.startswith(PREFIXES["key"]):
            return await self._of_key(token)
        if self._issuer is not None:
            return await self._of_issuer(self._issuer, token)
        return self._of_login(await self._sessions.of_token(token))

    async def _of_key(self, secret: str) -> Principal:
        active = await self._keys.of_secret(secret)
        if active is None:
            raise Unauthenticated(_ENDED)
        if self._keys.needs_touch(active.key):
            self._background.do(lambda: self._keys.touch(active.key), name="key_use")
        return Principal(
            active.key.owner,
            Credential("key", active.key.id),
            active.role == "admin",
            frozenset(active.key.scopes),
            expires_at=active.key.expires_at.timestamp(),
        )

    async def _of_issuer(self, issuer: TokenIssuer, token: str) -> Principal:
        known = await issuer.verify(token)
        account = await self._accounts.find_or_add_identity(
            known.issuer, known.subject, "admin" if known.is_admin else "user"
        )
        if account.status != "active":
            raise Unauthenticated(_ENDED)
        return Principal(
            account.id, Credential("issuer", account.id), known.is_admin, expires_at=known.expires_at
        )

    def _of_login(self, active: ActiveLogin | None) -> Principal:
        if active is None:
            raise Unauthenticated(_ENDED)
        session = active.session
        if self._sessions.needs_touch(session):
            self._background.do(lambda: self._sessions.touch(session), name="session_use")
        return Principal(session.owner, Credential(session.kind, session.id), active.role == "admin")

    async def _of_ticket(self, secret: str) -> Principal:
        ticket = await self._tickets.of_secret(secret)
        if ticket is None or not await self._lives(ticket.owner, _kind(ticket), ticket.credential_id):
            raise Unauthenticated(
                "The address holds no stream ticket that is valid; nothing else is accepted there."
            )
        issued_to = Credential(_kind(ticket), ticket.credential_id)
        return Principal(
            ticket.owner,
            Credential("ticket", ticket.id, issued_to),
            ticket=ticket,
            expires_at=ticket.expires_at.timestamp(),
        )

    async def _lives(self, owner: Owner, kind: CredentialKind, id: str) -> bool:
        if kind == "key":
            return await self._keys.find(owner, id) is not None
        if kind in ("browser", "app"):
            return await self._sessions.find(owner, id) is not None
        account = await self._accounts.find(owner)
        return account is not None and account.status == "active"


def _kind(ticket: StreamTicket) -> CredentialKind:
    kinds: dict[str, CredentialKind] = {"browser": "browser", "app": "app", "key": "key", "issuer": "issuer"}
    return kinds.get(ticket.credential_kind, "none")
