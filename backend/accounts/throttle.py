"""Throttle: how often somebody may try, by account and by network address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.store.accounts.attempts import AttemptRepository
from workflows.errors import RateLimited

KEPT = timedelta(hours=1)
"""How long attempts are remembered."""


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """Limit of attempts within a time: for all accounts from one address, for an account from one address, and for an
    account from anywhere. Without the last two, what is tried is no account's."""

    name: str
    within: timedelta
    address: int
    here: int = 0
    account: int = 0


LOGIN = AttemptLimit("login", timedelta(minutes=15), here=10, account=50, address=100)
MAIL = AttemptLimit("mail", KEPT, here=3, account=5, address=20)
REGISTER = AttemptLimit("register", KEPT, here=3, account=5, address=20)
TOKEN = AttemptLimit("token", timedelta(minutes=15), address=30)
EXPORT = AttemptLimit("export", KEPT, here=5, account=5, address=100)


class Throttle:
    """A count of attempts, taken before they are made, whether or not there is such an account."""

    def __init__(self, attempts: AttemptRepository) -> None:
        self._attempts = attempts

    async def check(self, rule: AttemptLimit, account: str, address: str) -> None:
        """One more attempt. Raises RateLimited. Without an account (one-time links, what can't be an address) only the
        network address counts: what everybody shares, a few could use up for all."""
        buckets = {_bucket(rule.name, "", address): rule.address}
        if account:
            buckets[_bucket(rule.name, account, address)] = rule.here
            buckets[_bucket(rule.name, account, "")] = rule.account
        until = await self._attempts.reserve([*buckets.items()], rule.within)
        if until is not None:
            seconds = max(1, round((until - datetime.now(UTC)).total_seconds()))
            raise RateLimited("Too many attempts; wait a while and try again.", retry_after=seconds)

    async def forget(self, rule: AttemptLimit, account: str, address: str) -> None:
        """The attempt was a good one: those before it were its owner's slips."""
        await self._attempts.clear(self.bucket(rule, account, address))

    def bucket(self, rule: AttemptLimit, account: str, address: str) -> bytes:
        """The attempts for this account from this address, for whoever clears them."""
        return _bucket(rule.name, account, address)


def _bucket(rule: str, account: str, address: str) -> bytes:
    """Hashed: what people type for a name may be their password."""
    return hashlib.sha256("\x00".join((rule, account, address)).encode(errors="replace")).digest()
