"""API keys: credentials of machines, shown once, bounded in what they allow and for how long."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.accounts.audit import Audit
from backend.accounts.credentials.secrets import PREFIXES, hash_secret, is_secret, make_secret
from backend.store.accounts.allowances.allowance import Allowance
from backend.store.accounts.keys import ActiveKey, ApiKey, ApiKeyRepository
from backend.store.owner import Owner
from workflows.errors import Conflict, InvalidInput, NotFound

MOST = 20
LONGEST_DAYS = 366
_HINT = len(PREFIXES["key"]) + 4
_TOUCH_AFTER = timedelta(minutes=5)
_NO_LIMITS = Allowance()


class ApiKeys:
    """Use cases of API keys."""

    def __init__(self, repository: ApiKeyRepository, audit: Audit, scopes: Collection[str]) -> None:
        """`scopes` are all that there are."""
        self._repository = repository
        self._scopes = scopes
        self._audit = audit

    async def create(
        self,
        owner: Owner,
        name: str,
        scopes: Sequence[str],
        days: int,
        models: Sequence[str] | None = None,
        limits: Allowance = _NO_LIMITS,
    ) -> tuple[ApiKey, str]:
        """A key and its secret, which is shown this once; `models` is its allow-list, and what it may use is within its
        account's allowance. Raises InvalidInput, Conflict for one too many."""
        unknown = [scope for scope in scopes if scope not in self._scopes]
        if unknown or not scopes:
            raise InvalidInput.of("scopes", f"at least one of these is expected: {', '.join(self._scopes)}")
        secret = make_secret("key")
        key = await self._repository.add(
            owner,
            hash_secret(secret),
            MOST,
            name=name,
            hint=secret[:_HINT],
            scopes=sorted(set(scopes)),
            models=None if models is None else list(models),
            expires_at=datetime.now(UTC) + timedelta(days=days),
            **asdict(limits),
        )
        if key is None:
            raise Conflict(f"An account has at most {MOST} keys: revoke one first.")
        await self._audit.note("key_created", owner, key.id)
        return key, secret

    async def change(self, owner: Owner, key_id: str, days: int | None = None, **values: Any) -> ApiKey:
        """The key with another name, allow-list or limits, or with so many days to live from now; its scopes and its
        secret stay. It counts from the next request on. Raises NotFound, also for one that has expired: it is replaced
        by a new one, not brought back."""
        if days is not None:
            values["expires_at"] = datetime.now(UTC) + timedelta(days=days)
        key = await self._repository.update(owner, key_id, **values)
        if key is None:
            raise NotFound(f"There is no key {key_id[:64]} that is still good.")
        await self._audit.note("key_changed", owner, key_id)
        return key

    async def of_secret(self, secret: str) -> ActiveKey | None:
        """The key, unless it is revoked or has expired."""
        if not is_secret("key", secret):
            return None
        return await self._repository.find_by_hash(hash_secret(secret))

    async def find(self, owner: Owner, key_id: str) -> ActiveKey | None:
        """The key, unless it is revoked or has expired."""
        return await self._repository.find(owner, key_id)

    async def all(self, owner: Owner) -> list[ApiKey]:
        """The owner's keys, the newest first, without their secrets."""
        return await self._repository.all(owner)

    async def revoke(self, owner: Owner, key_id: str) -> None:
        """Ends it. Raises NotFound."""
        if not await self._repository.remove(owner, key_id):
            raise NotFound(f"There is no key {key_id[:64]}.")
        await self._audit.note("key_revoked", owner, key_id)

    async def revoke_all(self, owner: Owner, by: str) -> None:
        """Ends all of the owner's keys, as an admin wants it."""
        await self._repository.remove_all(owner)
        await self._audit.note("key_revoked", owner, by=by)

    def needs_touch(self, key: ApiKey) -> bool:
        """Whether it is time to say that the key is used."""
        return key.used_at is None or abs(datetime.now(UTC) - key.used_at) > _TOUCH_AFTER

    async def touch(self, key: ApiKey) -> None:
        """Says so."""
        await self._repository.touch(key.owner, key.id)
