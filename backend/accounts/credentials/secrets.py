"""Secrets that people and machines show: random, shown once, stored as hashes."""

import hashlib
import re
import secrets
from typing import Literal

SecretKind = Literal["session", "refresh", "key", "ticket", "once"]

PREFIXES: dict[SecretKind, str] = {
    "session": "sws_",
    "refresh": "swr_",
    "key": "swk_",
    "ticket": "swt_",
    "once": "swo_",
}
"""Each kind is recognised by its prefix: one can't be used in place of another, and a scanner finds a leaked one."""

_BYTES = 32
_BODY = re.compile(r"[A-Za-z0-9_-]{43}")


def make_secret(kind: SecretKind) -> str:
    """A new one, with 256 bits of chance."""
    return PREFIXES[kind] + secrets.token_urlsafe(_BYTES)


def is_secret(kind: SecretKind, text: str) -> bool:
    """Whether this is formed as such a secret; one with a character more or less isn't."""
    prefix = PREFIXES[kind]
    return text.startswith(prefix) and _BODY.fullmatch(text, len(prefix)) is not None


def hash_secret(secret: str) -> bytes:
    """As it is kept. Without salt: nobody guesses 256 bits, and it is found by its hash, so that no comparison of
    ours takes longer the more of it is right."""
    return hashlib.sha256(secret.encode()).digest()
