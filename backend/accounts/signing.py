"""The secrets that sign access tokens: from the settings, or made of chance once and kept beside the database."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from backend.access_settings import check_secret
from backend.settings import Settings, SettingsError

_FILE = "token-secret"


def load_secrets(settings: Settings) -> tuple[str, ...]:
    """The newest first, which signs; the others are accepted still. Raises SettingsError for a weak one."""
    text = settings.secrets.get_secret_value() if settings.secrets else None
    if settings.secrets_file is not None:
        text = read_secret_file(settings.secrets_file, "STORYWIRE_SECRETS_FILE")
    if text is None:
        return (_own(settings.state_dir / _FILE),)
    found = tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        if not found:
            raise ValueError("STORYWIRE_SECRETS: it is empty")
        for secret in found:
            check_secret(secret)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return found


def read_secret_file(path: Path, name: str) -> str:
    """What a file of one line holds. Raises SettingsError, which never shows it."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: {path} can't be read ({type(error).__name__})") from None


def _own(path: Path) -> str:
    """The same for every process on the same data: who makes the file first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # somebody else was quicker; theirs is never half written
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_text().strip()
