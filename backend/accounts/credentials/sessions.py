"""Sessions: log-ins of browsers and apps, from the first request to the last."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.accounts.audit import Audit
from backend.accounts.credentials.secrets import hash_secret, is_secret, make_secret
from backend.accounts.tokens.claims import AccessClaims, TokenSigner
from backend.store.accounts.login_rows import LoginKind, LoginSession, SessionReplacement
from backend.store.accounts.logins import (
    ActiveLogin,
    LoginRepository,
    PasswordProof,
    RefreshTokenReused,
)
from backend.store.owner import Owner
from workflows.errors import NotFound, Unauthenticated

LOGIN_REFUSED = "The address or the password is wrong, or the address isn't confirmed yet."
"""The same of every log-in that is refused, whatever the reason."""
_TOUCH_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Tokens of an app: one for requests, and one to get the next pair with, which works once."""

    access_token: str
    expires_in: int
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetime of a log-in: in all, and unused."""

    whole: timedelta
    idle: timedelta


class LoginSessions:
    """Use cases of sessions. A log-in ends for good when its row is gone, whatever tokens of it there are."""

    def __init__(
        self, repository: LoginRepository, tokens: TokenSigner, audit: Audit, lifetimes: Lifetimes
    ) -> None:
        self._repository = repository
        self._tokens = tokens
        self._audit = audit
        self._lifetimes = lifetimes

    async def open_browser(self, proof: PasswordProof, client: str) -> tuple[LoginSession, str]:
        """A new session and its secret, which becomes a cookie: never one that the browser had before. Raises
        Unauthenticated where the account was locked, or got another password, since it was proved."""
        secret = make_secret("session")
        session = self._opened(
            await self._repository.add_browser(proof, hash_secret(secret), client, self._end())
        )
        return session, secret

    async def open_app(self, proof: PasswordProof, client: str) -> TokenPair:
        """A new session's first tokens. Raises as `open_browser`."""
        refresh = make_secret("refresh")
        session = self._opened(
            await self._repository.add_app(proof, hash_secret(refresh), client, self._end())
        )
        return self.pair(session, refresh)

    def replacement(self, session_id: str, kind: LoginKind) -> tuple[SessionReplacement, str]:
        """A new session in place of this one, for a change of the password to store, and its secret: a browser's
        cookie, or an app's refresh token."""
        secret = make_secret("session" if kind == "browser" else "refresh")
        return SessionReplacement(session_id, hash_secret(secret), self._end()), secret

    def pair(self, session: LoginSession, refresh: str) -> TokenPair:
        """The tokens of an app's session: a new access token, beside this refresh token."""
        access = self._tokens.issue(AccessClaims(session.owner, session.id))
        return TokenPair(access, self._tokens.seconds, refresh)

    async def refresh(self, token: str) -> TokenPair:
        """The next tokens. Raises Unauthenticated; a token that was used before ends the session, since somebody else
        has it too."""
        refused = Unauthenticated("The refresh token is not valid (any more); log in again.")
        if not is_secret("refresh", token):
            raise refused
        new = make_secret("refresh")
        try:
            active = await self._repository.refresh(hash_secret(token), hash_secret(new), self.idle_since)
        except RefreshTokenReused as error:
            await self._audit.note("refresh_reused", error.owner)
            raise refused from None
        if active is None:
            raise refused
        return self.pair(active.session, new)

    async def of_cookie(self, secret: str) -> ActiveLogin | None:
        """The browser's session, if it hasn't ended."""
        if not is_secret("session", secret):
            return None
        return await self._repository.find_by_token(hash_secret(secret), self.idle_since)

    async def of_token(self, token: str) -> ActiveLogin | None:
        """The app's session, if it hasn't ended. Raises Unauthenticated for a token that isn't ours or good."""
        claims = self._tokens.verify(token)
        return await self.find(claims.owner, claims.session_id)

    async def find(self, owner: Owner, session_id: str) -> ActiveLogin | None:
        """The session, if it hasn't ended."""
        return await self._repository.find(owner, session_id, self.idle_since)

    async def all(self, owner: Owner) -> list[LoginSession]:
        """The sessions that haven't ended, the newest first."""
        return await self._repository.all(owner, self.idle_since)

    async def end(self, owner: Owner, session_id: str) -> None:
        """Ends it. Raises NotFound."""
        if not await self._repository.end(owner, session_id):
            raise NotFound(f"There is no session {session_id[:64]}.")
        await self._audit.note("logout", owner, session_id)

    async def end_all(self, owner: Owner, but: str | None = None) -> None:
        """Ends every session, `but` one."""
        await self._repository.end_all(owner, but)
        await self._audit.note("logout", owner)

    def needs_touch(self, session: LoginSession) -> bool:
        """Whether it is time to say that the session is used: not at every request. A time from which the clock was set
        back is written anew, or an unused session would count as used until it comes."""
        return abs(datetime.now(UTC) - session.used_at) > min(_TOUCH_AFTER, self._lifetimes.idle / 4)

    async def touch(self, session: LoginSession) -> None:
        """Says so."""
        await self._repository.touch(session.owner, session.id)

    async def drop_ended(self) -> None:
        """Forgets those that have ended by themselves."""
        await self._repository.drop_ended(self.idle_since)

    @property
    def idle_since(self) -> datetime:
        """What was last used before then has ended."""
        return datetime.now(UTC) - self._lifetimes.idle

    def _opened(self, session: LoginSession | None) -> LoginSession:
        if session is None:
            raise Unauthenticated(LOGIN_REFUSED)
        self._audit.log_event("login", session.owner, session.id)
        return session

    def _end(self) -> datetime:
        return datetime.now(UTC) + self._lifetimes.whole
