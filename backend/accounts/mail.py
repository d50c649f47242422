"""Mails to people who have an account, over SMTP."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import unquote, urlsplit

from backend.accounts.signing import read_secret_file
from backend.settings import Settings

_SECONDS = 20


class Mailer(Protocol):
    """Somebody who brings mails."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises OSError when it can't be sent."""


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """A mail server. Over TLS always, but for one on this very machine."""

    host: str
    port: int
    implicit_tls: bool
    user: str | None
    password: str | None
    sender: str

    async def send(self, to: str, subject: str, text: str) -> None:
        """See `Mailer`."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message.set_content(text)
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        context = ssl.create_default_context()
        connect: Callable[[], smtplib.SMTP] = (
            (lambda: smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context))
            if self.implicit_tls
            else (lambda: smtplib.SMTP(self.host, self.port, timeout=_SECONDS))
        )
        with connect() as server:
            if not self.implicit_tls and self.host not in ("localhost", "127.0.0.1", "::1"):
                server.starttls(context=context)
            if self.user is not None:
                server.login(self.user, self.password or "")
            server.send_message(message)


def open_mailer(settings: Settings) -> Mailer | None:
    """The mail server of the settings, if there is one."""
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else None
    if settings.smtp_url_file is not None:
        url = read_secret_file(settings.smtp_url_file, "STORYWIRE_SMTP_URL_FILE")
    if not url:
        return None
    parts = urlsplit(url)
    return SmtpMailer(
        parts.hostname or "localhost",
        parts.port or (465 if parts.scheme == "smtps" else 587),
        parts.scheme == "smtps",
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        settings.mail_from or "",
    )
