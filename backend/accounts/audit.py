"""Audit: security events, kept and logged."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import structlog

from backend.store.accounts.accounts import Account
from backend.store.accounts.events import EventRepository, SecurityEvent
from backend.store.owner import Owner

log = structlog.get_logger()

KEPT = timedelta(days=365)

EventKind = Literal[
    "account_created",
    "account_deleted",
    "account_deletion_asked",
    "account_locked",
    "account_unlocked",
    "account_promoted",
    "account_demoted",
    "limits_changed",
    "models_changed",
    "registered_again",
    "local_claimed",
    "login",
    "login_failed",
    "logout",
    "email_verified",
    "password_changed",
    "password_reset",
    "reset_link_made",
    "verify_link_made",
    "invitation_made",
    "invitation_used",
    "refresh_reused",
    "key_created",
    "key_changed",
    "key_revoked",
    "exported",
    "shared",
    "share_revoked",
]


_CHANGES: Mapping[tuple[str, Any], EventKind] = {
    ("status", "locked"): "account_locked",
    ("status", "active"): "account_unlocked",
    ("role", "admin"): "account_promoted",
    ("role", "user"): "account_demoted",
}


def changes_of(before: Account, values: Mapping[str, Any]) -> list[EventKind]:
    """The events of a change of an account's columns by an admin, one for each kind of change: none hides another."""
    changed = {name: value for name, value in values.items() if value != getattr(before, name)}
    kinds = [_CHANGES[each] for each in changed.items() if each[0] in ("status", "role")]
    if changed.keys() & {"runs_at_once", "runs_a_day", "runs_a_month", "usd_a_month"}:
        kinds.append("limits_changed")
    if "models" in changed:
        kinds.append("models_changed")
    return kinds


class Audit:
    """Audit log of security events: ids, and no secret, address or name."""

    def __init__(self, events: EventRepository) -> None:
        self._events = events

    async def note(
        self,
        kind: EventKind,
        owner: Owner | None,
        subject: str | None = None,
        *,
        by: str | None = None,
    ) -> None:
        """Keeps an event. `by`: who did it, where that isn't the account itself."""
        self.log_event(kind, owner, subject, by=by)
        await self._events.add(kind, owner, subject, by)

    def log_event(
        self, kind: EventKind, owner: Owner | None, subject: str | None = None, *, by: str | None = None
    ) -> None:
        """Logs an event that is kept with what happened."""
        log.info("security_event", kind=kind, owner=owner, subject=subject, actor=by)

    async def page(
        self, owner: Owner | None, *, before: str | None = None, limit: int = 100
    ) -> list[SecurityEvent]:
        """Newest first; None: everybody's."""
        return await self._events.page(owner, before=before, limit=limit)
