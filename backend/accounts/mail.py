"""Mails to people who have an account, over SMTP."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from backend.accounts.tokens.signing import read_secret_file
from backend.settings import Settings, SettingsError

if TYPE_CHECKING:
    import smtplib

_SECONDS = 20


class Mailer(Protocol):
    """Carrier of mails."""

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
        await asyncio.to_thread(self._send, to, subject, text)

    def _send(self, to: str, subject: str, text: str) -> None:
        from email.message import EmailMessage  # both are slow to load, and few services send mails

        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message.set_content(text)
        with self._connect() as server:
            if self.user is not None:
                server.login(self.user, self.password or "")
            server.send_message(message)

    def _connect(self) -> "smtplib.SMTP":
        import smtplib
        import ssl

        context = ssl.create_default_context()
        if self.implicit_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        if self.host not in ("localhost", "127.0.0.1", "::1"):
            server.starttls(context=context)
        return server


class SettingsMailer:
    """The mail server of the settings. Its address is read anew for each mail: a file may hold it, and be changed."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError."""
        self._settings = settings
        _server(settings)

    async def send(self, to: str, subject: str, text: str) -> None:
        """See `Mailer`."""
        await _server(self._settings).send(to, subject, text)


def open_mailer(settings: Settings) -> Mailer | None:
    """The mail server of the settings, if there is one. Raises SettingsError."""
    return SettingsMailer(settings) if settings.sends_mails else None


def _server(settings: Settings) -> SmtpMailer:
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    if settings.smtp_url_file is not None:
        url = read_secret_file(settings.smtp_url_file, "STORYWIRE_SMTP_URL_FILE")
        if urlsplit(url).scheme not in ("smtp", "smtps"):
            raise SettingsError("STORYWIRE_SMTP_URL_FILE: smtp://… or smtps://… is expected in it")
    parts = urlsplit(url)
    return SmtpMailer(
        parts.hostname or "localhost",
        parts.port or (465 if parts.scheme == "smtps" else 587),
        parts.scheme == "smtps",
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        settings.mail_from or "",
    )
