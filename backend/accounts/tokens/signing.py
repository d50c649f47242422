"""The secrets that sign access tokens: from the settings, or made of chance once and kept beside the database."""

import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from backend.access_settings import check_secret
from backend.accounts.tokens.claims import AccessClaims, TokenSigner
from backend.settings import Settings, SettingsError
from workflows.models.configuration.secret_files import open_secret_file

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 5.0
_FILE = "token-secret"
_OWN_BYTES = 48
_OWN_CHARACTERS = 64
"""In which URL-safe base64 writes them."""


def load_secrets(settings: Settings) -> tuple[str, ...]:
    """The newest first, which signs; the others are accepted still. From a file: as it is now. Raises SettingsError for
    a weak one."""
    text = settings.secrets.get_secret_value() if settings.secrets else None
    if settings.secrets_file is not None:
        text = read_secret_file(settings.secrets_file, "STORYWIRE_SECRETS_FILE")
    if text is None:
        return _read_own(settings.state_dir / _FILE)
    found = tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        if not found:
            raise ValueError("STORYWIRE_SECRETS: it is empty")
        for secret in found:
            check_secret(secret)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return found


class RotatingSigner:
    """A signer whose secrets are looked at again now and then: a file may be changed while the service runs. Secrets
    that are weak, or can't be read, change nothing."""

    def __init__(
        self,
        load: Callable[[], tuple[str, ...]],
        make: Callable[[tuple[str, ...]], TokenSigner],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises SettingsError for the first secrets."""
        self._load = load
        self._make = make
        self._now = now
        self._secrets = load()
        self._signer = make(self._secrets)
        self._look_at = now() + _LOOK_EVERY_SECONDS
        self.seconds = self._signer.seconds

    def issue(self, claims: AccessClaims) -> str:
        """See `TokenSigner`."""
        return self._current().issue(claims)

    def verify(self, token: str) -> AccessClaims:
        """See `TokenSigner`."""
        return self._current().verify(token)

    def _current(self) -> TokenSigner:
        if self._now() >= self._look_at:
            self._look_at = self._now() + _LOOK_EVERY_SECONDS
            self._look()
        return self._signer

    def _look(self) -> None:
        try:
            secrets = self._load()
        except SettingsError as error:
            log.warning("secrets_not_changed", reason=str(error))
            return
        if secrets != self._secrets:
            self._secrets, self._signer = secrets, self._make(secrets)
            log.info("secrets_changed", count=len(secrets))


def read_secret_file(path: Path, name: str) -> str:
    """What a file of one line holds now. Raises SettingsError, which never shows it."""
    try:
        return open_secret_file(path).read()
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


def _read_own(path: Path) -> tuple[str, ...]:
    """The one that the service makes itself. A file that was cut off, by a full disk say, would sign with what anybody
    can guess: raises SettingsError."""
    secret = _own(path)
    if len(secret) < _OWN_CHARACTERS:
        raise SettingsError(f"{path} holds no whole secret: delete it, and a new one is made")
    return (secret,)


def _own(path: Path) -> str:
    """The same for every process on the same data: who makes the file first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(_OWN_BYTES))
            file.flush()
            os.fsync(file.fileno())  # whole before it has its name, also when the power fails
        with suppress(FileExistsError):  # somebody else was quicker; theirs is never half written
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_text().strip()
