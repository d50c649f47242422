"""People: the use cases of accounts, put together."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from backend.accounts import audit as audits
from backend.accounts import throttle as throttles
from backend.accounts.accounts import Accounts, AccountStore, Rules
from backend.accounts.audit import Audit
from backend.accounts.authentication import Authenticator
from backend.accounts.belongings import Belongings
from backend.accounts.credentials.api_keys import ApiKeys
from backend.accounts.credentials.passwords import PasswordHasher
from backend.accounts.credentials.sessions import Lifetimes, LoginSessions
from backend.accounts.credentials.tickets import StreamTickets
from backend.accounts.mail import open_mailer
from backend.accounts.open_requests import BEAT_SECONDS, CHECK_EVERY_SECONDS, OpenRequests
from backend.accounts.throttle import Throttle
from backend.accounts.tokens.claims import NoTokens, TokenIssuer, TokenSigner
from backend.accounts.tokens.signing import RotatingSigner, load_secrets
from backend.runs.commands import RunCommands
from backend.settings import Settings
from backend.store.accounts.accounts import AccountRepository
from backend.store.accounts.allowances.former_use import FormerUseRepository
from backend.store.accounts.allowances.periods import month_of
from backend.store.accounts.attempts import AttemptRepository
from backend.store.accounts.belongings import BelongingsRepository
from backend.store.accounts.callers import CallerRepository
from backend.store.accounts.events import EventRepository
from backend.store.accounts.keys import ApiKeyRepository
from backend.store.accounts.logins import LoginRepository
from backend.store.accounts.one_time_tokens import OneTimeTokenRepository
from backend.store.accounts.streams import StreamRepository
from backend.store.accounts.tickets import TicketRepository
from backend.store.sql.database import Database
from backend.tasks import Background, every

if TYPE_CHECKING:
    from backend.accounts.tokens.jwks import JwksKeys

_TIDY_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class People:
    """Accounts and what lets somebody in as one."""

    accounts: Accounts
    account_repository: AccountRepository
    sessions: LoginSessions
    keys: ApiKeys
    tickets: StreamTickets
    throttle: Throttle
    audit: Audit
    authenticator: Authenticator
    open_requests: OpenRequests
    belongings: Belongings


@dataclass(frozen=True, slots=True)
class _Stored:
    """Rows that grow old, and what is looked up beside them."""

    attempts: AttemptRepository
    events: EventRepository
    one_time_tokens: OneTimeTokenRepository
    streams: StreamRepository
    former_use: FormerUseRepository
    callers: CallerRepository


@asynccontextmanager
async def open_people(
    settings: Settings, database: Database, watch: Database, runs: RunCommands, scopes: Collection[str]
) -> AsyncIterator[People]:
    """Opens them; keys may have these scopes. `watch` is the database in which it is looked whose credential has ended.
    With accounts, what has ended is tidied away meanwhile."""
    background, hasher = Background(), PasswordHasher()
    issuer, jwks = _issuer(settings)
    stored = _Stored(
        AttemptRepository(database),
        EventRepository(database),
        OneTimeTokenRepository(database),
        StreamRepository(database),
        FormerUseRepository(database),
        CallerRepository(watch),
    )
    people = _build(
        settings, database, runs, stored, scopes, hasher=hasher, issuer=issuer, background=background
    )
    try:
        if not settings.has_accounts:
            yield people
            return
        async with (
            every(CHECK_EVERY_SECONDS, people.open_requests.check, name="open_requests"),
            every(BEAT_SECONDS, people.open_requests.beat, name="open_streams"),
            every(_TIDY_EVERY_SECONDS, lambda: _tidy(people, stored), name="accounts"),
        ):
            yield people
    finally:
        await background.close()
        if jwks is not None:
            await jwks.close()
        hasher.close()


def _build(
    settings: Settings,
    database: Database,
    runs: RunCommands,
    stored: _Stored,
    scopes: Collection[str],
    *,
    hasher: PasswordHasher,
    issuer: TokenIssuer | None,
    background: Background,
) -> People:
    audit, throttle = Audit(stored.events), Throttle(stored.attempts)
    account_repository, logins = AccountRepository(database), LoginRepository(database)
    lifetimes = Lifetimes(timedelta(hours=settings.session_hours), timedelta(hours=settings.idle_hours))
    sessions = LoginSessions(logins, _signer(settings), audit, lifetimes)
    key_repository = ApiKeyRepository(database)
    keys = ApiKeys(key_repository, audit, scopes)
    tickets = StreamTickets(TicketRepository(database))
    authenticator = Authenticator(
        account_repository, sessions, keys, tickets, issuer, stored.callers, background
    )
    accounts = Accounts(
        AccountStore(account_repository, stored.one_time_tokens),
        hasher,
        throttle,
        audit,
        rules=Rules(settings.registration, settings.email_check, settings.base_url),
        mailer=open_mailer(settings),
        background=background,
    )
    belongings = Belongings(account_repository, BelongingsRepository(database), runs, audit, background)
    return People(
        accounts=accounts,
        account_repository=account_repository,
        sessions=sessions,
        keys=keys,
        tickets=tickets,
        throttle=throttle,
        audit=audit,
        authenticator=authenticator,
        open_requests=OpenRequests(
            authenticator.find_ended, stored.streams, settings.account_streams, background
        ),
        belongings=belongings,
    )


def _signer(settings: Settings) -> TokenSigner:
    """Only a service that gives out tokens keeps a secret for them."""
    if settings.auth != "accounts":
        return NoTokens()
    from backend.accounts.tokens.access_tokens import AccessTokens  # its library takes a quarter of a second

    return RotatingSigner(
        lambda: load_secrets(settings), lambda secrets: AccessTokens(secrets, settings.token_minutes * 60)
    )


def _issuer(settings: Settings) -> tuple[TokenIssuer | None, "JwksKeys | None"]:
    if settings.auth != "external":
        return None, None
    from backend.accounts.tokens.issuer import ExternalIssuer  # likewise
    from backend.accounts.tokens.jwks import JwksKeys

    assert settings.issuer and settings.audience and settings.jwks_url  # the settings have been checked
    keys = JwksKeys(settings.jwks_url, allow_private=settings.jwks_private)
    return ExternalIssuer(settings.issuer, settings.audience, keys, settings.admin_claim), keys


async def _tidy(people: People, stored: _Stored) -> None:
    await people.sessions.drop_ended()
    await people.tickets.drop_expired()
    await stored.one_time_tokens.drop_expired()
    await stored.attempts.drop(throttles.KEPT)
    await stored.events.drop(audits.KEPT)
    await stored.streams.drop_forgotten()
    await stored.former_use.drop(month_of(None))
    await people.belongings.resume_deletions()
