"""Audit: security events, kept and logged."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import structlog

from backend.store.accounts.events import EventRepository, SecurityEvent
from backend.store.owner import Owner

log = structlog.get_logger()

KEPT = timedelta(days=365)

EventKind = Literal[
    "account_created",
    "account_deleted",
    "account_deletion_asked",
    "account_changed",
    "account_locked",
    "account_unlocked",
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


def change_of(values: Mapping[str, Any]) -> EventKind:
    """The event of a change of an account's columns by an admin."""
    kinds: dict[str, EventKind] = {"locked": "account_locked", "active": "account_unlocked"}
    return kinds.get(values.get("status", ""), "account_changed")


class Audit:
    """Audit log of security events: ids, and no secret, address or name."""

    def __init__(self, events: EventRepository) -> None:
        self._events = events

    async def note(self, kind: EventKind, owner: Owner | None, subject: str | None = None) -> None:
        """Keeps an event."""
        self.log_event(kind, owner, subject)
        await self._events.add(kind, owner, subject)

    def log_event(self, kind: EventKind, owner: Owner | None, subject: str | None = None) -> None:
        """Logs an event that is kept with what happened."""
        log.info("security_event", kind=kind, owner=owner, subject=subject)

    async def page(
        self, owner: Owner | None, *, before: str | None = None, limit: int = 100
    ) -> list[SecurityEvent]:
        """Newest first; None: everybody's."""
        return await self._events.page(owner, before=before, limit=limit)
