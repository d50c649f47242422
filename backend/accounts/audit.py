"""Audit: security events, kept and logged."""

from datetime import timedelta
from typing import Literal

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
    "local_claimed",
    "login",
    "login_failed",
    "logout",
    "email_verified",
    "password_changed",
    "password_reset",
    "refresh_reused",
    "key_created",
    "key_revoked",
    "exported",
]


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
