"""Accounts: registering, proving who one is, passwords.

Answers never tell whether an address has an account: they are the same, and they take as long.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import structlog

from backend.accounts.audit import Audit, EventKind
from backend.accounts.credentials.passwords import PasswordHasher, check_password, normalise_password
from backend.accounts.credentials.secrets import hash_secret, is_secret, make_secret
from backend.accounts.credentials.sessions import LOGIN_REFUSED
from backend.accounts.emails import normalise_email
from backend.accounts.mail import Mailer
from backend.accounts.throttle import LOGIN, MAIL, REGISTER, TOKEN, Throttle
from backend.store.accounts.accounts import Account, AccountRepository, NewAccount, Role
from backend.store.accounts.login_rows import LoginSession, SessionReplacement
from backend.store.accounts.logins import PasswordProof
from backend.store.accounts.one_time_tokens import OneTimeTokenRepository, Purpose, SpentToken
from backend.store.owner import Owner
from backend.tasks import Background
from workflows.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated

log = structlog.get_logger()

GOOD_FOR: dict[Purpose, timedelta] = {
    "verify": timedelta(days=2),
    "reset": timedelta(minutes=30),
    "invite": timedelta(days=7),
}

_MADE: dict[Purpose, EventKind] = {
    "verify": "verify_link_made",
    "reset": "reset_link_made",
    "invite": "invitation_made",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of registration and log-in, as set. `base_url` is what links begin with."""

    registration: Literal["open", "invitation", "closed"]
    email_check: bool
    base_url: str


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """Change of a password by its owner; with `revoke_keys` the API keys end too."""

    old: str
    new: str
    revoke_keys: bool = False


@dataclass(frozen=True, slots=True)
class AccountStore:
    """The tables that accounts are made of."""

    accounts: AccountRepository
    tokens: OneTimeTokenRepository


class Accounts:
    """Use cases of accounts. `address` is the network address that a request comes from."""

    def __init__(
        self,
        store: AccountStore,
        hasher: PasswordHasher,
        throttle: Throttle,
        audit: Audit,
        *,
        rules: Rules,
        mailer: Mailer | None,
        background: Background,
    ) -> None:
        self._accounts = store.accounts
        self._tokens = store.tokens
        self._hasher = hasher
        self._throttle = throttle
        self._audit = audit
        self._rules = rules
        self._mailer = mailer
        self._background = background

    async def register(self, email: str, password: str, invitation: str | None, address: str) -> None:
        """Makes an account, unless the address has one: only a mail to the address itself says so.

        Raises Forbidden where nobody may register, or the invitation is not valid; InvalidInput, RateLimited.
        """
        if self._rules.registration == "closed":
            raise Forbidden("Nobody can register here; an admin makes accounts.")
        address_of_it = normalise_email(email)
        secret = check_password(password, address_of_it)
        await self._throttle.check(REGISTER, address_of_it, address)
        refusal, used = Forbidden("This needs an invitation that is valid."), None
        if self._rules.registration == "invitation":
            used = await self._check_link("invite", invitation, refusal)
        new = NewAccount(address_of_it, await self._hasher.hash(secret))
        try:
            account = await self._accounts.register(new, used)
        except SpentToken:
            raise refusal from None
        kind: EventKind = "registered_again" if account is None else "account_created"
        owner = None if account is None else account.id
        if used is not None:
            self._audit.log_event("invitation_used", owner)
        self._audit.log_event(kind, owner)
        # Afterwards: how long the mail takes would tell whether there is an account.
        self._background.do(lambda: self._welcome(address_of_it, account), name="registration_mail")

    async def add(
        self, email: str, password: str | None, role: Role = "user", *, by: str | None = None
    ) -> Account:
        """An account that an admin makes; its address counts as confirmed. Raises InvalidInput, Conflict."""
        address = normalise_email(email)
        hashed = None if password is None else await self._hasher.hash(check_password(password, address))
        account = await self._accounts.add(NewAccount(address, hashed, role, verified=True))
        if account is None:
            raise Conflict(f"There is an account of {address} already.")
        await self._audit.note("account_created", account.id, by=by)
        return account

    async def log_in(self, email: str, password: str, address: str) -> PasswordProof:
        """The proof of a password, with which a session is opened. Raises Unauthenticated, RateLimited, Overloaded.

        An unconfirmed address is refused as a wrong password is, in every respect: whoever registers with somebody
        else's address and a password of their own would learn whether it had an account."""
        try:
            name = normalise_email(email)
        except InvalidInput:
            name = ""  # nobody's; it takes as long as any other
        await self._throttle.check(LOGIN, name, address)
        account = await self._accounts.find_by_email(name) if name else None
        right = await self._hasher.verify(password, account.password_hash if account else None)
        if account is None or not right or not self._may_log_in(account):
            await self._audit.note("login_failed", account.id if account else None)
            raise Unauthenticated(LOGIN_REFUSED)
        if self._hasher.needs_rehash(account.password_hash or ""):
            self._background.do(lambda: self._rehash(account, password), name="rehash")
        return PasswordProof(account, self._throttle.bucket(LOGIN, name, address))

    async def verify_email(self, token: str, address: str) -> None:
        """Confirms an address. Raises InvalidInput for a token that isn't valid (any more)."""
        await self._throttle.check(TOKEN, "", address)
        used = await self._check_link("verify", token, _bad_token())
        try:
            owner = await self._accounts.verify_email(used)
        except SpentToken:
            raise _bad_token() from None
        await self._audit.note("email_verified", owner)

    async def forgot_password(self, email: str, address: str) -> None:
        """Sends a link to set a new one, if there is such an account, and doesn't say whether. Raises RateLimited."""
        name = normalise_email(email)
        await self._throttle.check(MAIL, name, address)
        self._background.do(lambda: self._send_reset(name), name="reset_mail")

    async def reset_password(self, token: str, password: str, address: str) -> None:
        """Sets a new password, and ends every log-in and API key: somebody else may have had the old one. Raises
        InvalidInput."""
        await self._throttle.check(TOKEN, "", address)
        secret = check_password(password, None)
        used = await self._check_link("reset", token, _bad_token())
        # Hashed before the token is used up: where that is refused, the link still works.
        hashed = await self._hasher.hash(secret)
        try:
            owner = await self._accounts.reset_password(used, hashed)
        except SpentToken:
            raise _bad_token() from None
        await self._audit.note("password_reset", owner)

    async def change_password(
        self, owner: Owner, passwords: PasswordChange, address: str, replacement: SessionReplacement
    ) -> LoginSession:
        """Sets a new one, and ends every log-in, and every link that was sent before; in place of the log-in that this
        is asked with there is a new one, since somebody else may have its secrets. Raises Forbidden, InvalidInput,
        RateLimited."""
        account = await self.check_password(owner, passwords.old, address)
        hashed = await self._hasher.hash(check_password(passwords.new, account.email, "new_password"))
        session = await self._accounts.change_password(
            owner,
            hashed,
            replacement,
            instead_of=account.password_hash,
            revoke_keys=passwords.revoke_keys,
        )
        if session is None:
            raise Forbidden("This log-in has ended, or the password was changed, at this moment.")
        await self._audit.note("password_changed", owner)
        if passwords.revoke_keys:
            await self._audit.note("key_revoked", owner)
        return session

    async def check_password(self, owner: Owner, password: str, address: str) -> Account:
        """The account of somebody who is logged in and says who they are once more. Raises Unauthenticated."""
        await self._throttle.check(LOGIN, owner, address)
        account = await self.find(owner)
        if account.password_hash is None:
            raise Forbidden("This account has no password here: its issuer keeps it.")
        if not await self._hasher.verify(password, account.password_hash):
            await self._audit.note("login_failed", owner)
            raise Forbidden("The password is wrong.")
        await self._throttle.forget(LOGIN, owner, address)
        return account

    async def find(self, owner: Owner) -> Account:
        """Raises NotFound."""
        account = await self._accounts.find(owner)
        if account is None:
            raise NotFound(f"There is no account {owner[:64]}.")
        return account

    async def make_link(self, purpose: Purpose, owner: Owner | None, by: str | None = None) -> str:
        """A link that works once. Its secret is behind the #, which no server and no log gets to see. `by`: who asks
        for it, where that isn't the account. Raises NotFound for one that is gone, or is being deleted."""
        token = make_secret("once")
        expires_at = datetime.now(UTC) + GOOD_FOR[purpose]
        if not await self._tokens.put(purpose, owner, hash_secret(token), expires_at):
            raise NotFound(f"There is no account {(owner or '')[:64]} any more.")
        await self._audit.note(_MADE[purpose], owner, by=by)
        return f"{self._rules.base_url}/account#{purpose}={token}"

    async def _rehash(self, account: Account, password: str) -> None:
        """Keeps the password as it would be kept today."""
        hashed = await self._hasher.hash(normalise_password(password))
        await self._accounts.replace_hash(account.id, account.password_hash or "", hashed)

    def _may_log_in(self, account: Account) -> bool:
        is_confirmed = account.email_verified_at is not None or not self._rules.email_check
        return account.status == "active" and is_confirmed

    async def _check_link(self, purpose: Purpose, token: str | None, refusal: Exception) -> bytes:
        """The hash of a token that is good now. It is used up by the transaction of what it is good for."""
        hashed = hash_secret(token) if token is not None and is_secret("once", token) else None
        if hashed is None or not await self._tokens.is_good(purpose, hashed):
            raise refusal
        return hashed

    async def _welcome(self, email: str, account: Account | None) -> None:
        if account is None:
            await self._send(
                email,
                "You have an account already",
                "Somebody, probably you, tried to register with this address. It has an account already: log in, or "
                "ask for a new password if you have forgotten yours. If it wasn't you, there is nothing to do.",
            )
            return
        if self._rules.email_check:
            link = await self.make_link("verify", account.id)
            await self._send(email, "Confirm your address", f"To log in, confirm your address:\n\n{link}\n")

    async def _send_reset(self, email: str) -> None:
        account = await self._accounts.find_by_email(email)
        if account is not None and account.status == "active" and account.password_hash is not None:
            link = await self.make_link("reset", account.id)
            text = f"To set a new password, within half an hour:\n\n{link}\n\nIf it wasn't you who asked, do nothing."
            await self._send(email, "A new password", text)

    async def _send(self, to: str, subject: str, text: str) -> None:
        if self._mailer is None:
            log.info("mail_not_sent", reason="STORYWIRE_SMTP_URL is not set; `storywire users` prints links")
            return
        await self._mailer.send(to, f"Storywire: {subject}", text)


def _bad_token() -> InvalidInput:
    return InvalidInput.of("token", "this link is not valid (any more); ask for a new one")
