"""Refusals of one more run, raised within the transaction that would have stored it."""

from datetime import datetime


class LimitReached(Exception):
    """The limit doesn't allow one more run; nothing was stored."""


class AllowanceReached(LimitReached):
    """The owner's own allowance doesn't: `message` for a person, and when there may be room again."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.message = message
        self.until = until
