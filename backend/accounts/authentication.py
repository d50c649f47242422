"""Authentication: from what a request shows to who calls."""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from backend.accounts.credentials.api_keys import ApiKeys
from backend.accounts.credentials.secrets import PREFIXES
from backend.accounts.credentials.sessions import LoginSessions
from backend.accounts.credentials.tickets import StreamTickets
from backend.accounts.principal import Credential, CredentialKind, Principal
from backend.accounts.tokens.claims import LONGEST, TokenIssuer
from backend.runs.admission.allowed_models import ALL_MODELS
from backend.runs.admission.caller import CallerKey
from backend.store.accounts.accounts import Account, AccountRepository
from backend.store.accounts.callers import CallerRepository
from backend.store.accounts.keys import ActiveKey
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
        callers: CallerRepository,
        background: Background,
    ) -> None:
        self._accounts = accounts
        self._callers = callers
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

    async def find_ended(self, principals: Collection[Principal]) -> set[Principal]:
        """Those who aren't any more who they were when a long request began. One query for all."""
        now = time.time()
        expired = {each for each in principals if each.expires_at is not None and now >= each.expires_at}
        rest = [each for each in principals if each not in expired]
        if not rest:
            return expired
        alive = await self._callers.find_alive({each.caller for each in rest}, self._sessions.idle_since)
        return expired | {each for each in rest if each.caller not in alive}

    async def _of_bearer(self, token: str) -> Principal:
        if len(token) > LONGEST or not token.isascii():
            raise Unauthenticated(_ENDED)
        if token.startswith(PREFIXES["key"]):
            return self._of_key(await self._keys.of_secret(token))
        if self._issuer is not None:
            return await self._of_issuer(self._issuer, token)
        return self._of_login(await self._sessions.of_token(token))

    def _of_key(self, active: ActiveKey | None) -> Principal:
        if active is None:
            raise Unauthenticated(_ENDED)
        if self._keys.needs_touch(active.key):
            self._background.do(lambda: self._keys.touch(active.key), name="key_use")
        return _principal_of_key(active)

    async def _of_issuer(self, issuer: TokenIssuer, token: str) -> Principal:
        known = await issuer.verify(token)
        account = await self._accounts.find_or_add_identity(
            known.issuer, known.subject, "admin" if known.is_admin else "user"
        )
        if account.status != "active":
            raise Unauthenticated(_ENDED)
        return replace(_principal_of_account(account), is_admin=known.is_admin, expires_at=known.expires_at)

    def _of_login(self, active: ActiveLogin | None) -> Principal:
        if active is None:
            raise Unauthenticated(_ENDED)
        session = active.session
        if self._sessions.needs_touch(session):
            self._background.do(lambda: self._sessions.touch(session), name="session_use")
        return _principal_of_login(active)

    async def _of_ticket(self, secret: str) -> Principal:
        ticket = await self._tickets.of_secret(secret)
        issued_to = None
        if ticket is not None:
            issued_to = await self._find(ticket.owner, _kind(ticket), ticket.credential_id)
        if ticket is None or issued_to is None:
            raise Unauthenticated(
                "The address holds no stream ticket that is valid; nothing else is accepted there."
            )
        return Principal(
            ticket.owner,
            Credential("ticket", ticket.id, issued_to.credential),
            models=issued_to.models,
            ticket=ticket,
            key=issued_to.key,
            expires_at=ticket.expires_at.timestamp(),
        )

    async def _find(self, owner: Owner, kind: CredentialKind, id: str) -> Principal | None:
        """Who calls by a credential that was shown before; None if it has ended."""
        if kind == "key":
            key = await self._keys.find(owner, id)
            return None if key is None else _principal_of_key(key)
        if kind in ("browser", "app"):
            login = await self._sessions.find(owner, id)
            return None if login is None else _principal_of_login(login)
        account = await self._accounts.find(owner)
        return None if account is None or account.status != "active" else _principal_of_account(account)


def _principal_of_key(active: ActiveKey) -> Principal:
    key, scopes = active.key, frozenset(active.key.scopes)
    return Principal(
        key.owner,
        Credential("key", key.id),
        active.role == "admin",
        scopes,
        ALL_MODELS.and_of("account", active.models).and_of("API key", key.models),
        key=CallerKey(key.id, scopes),
        expires_at=key.expires_at.timestamp(),
    )


def _principal_of_login(active: ActiveLogin) -> Principal:
    session = active.session
    models = ALL_MODELS.and_of("account", active.models)
    return Principal(
        session.owner, Credential(session.kind, session.id), active.role == "admin", models=models
    )


def _principal_of_account(account: Account) -> Principal:
    """By the token of another issuer."""
    models = ALL_MODELS.and_of("account", account.models)
    return Principal(account.id, Credential("issuer", account.id), account.role == "admin", models=models)


def _kind(ticket: StreamTicket) -> CredentialKind:
    kinds: dict[str, CredentialKind] = {"browser": "browser", "app": "app", "key": "key", "issuer": "issuer"}
    return kinds.get(ticket.credential_kind, "none")
