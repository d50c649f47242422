"""Passwords: which are accepted, and argon2 beside the event loop, a few at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from workflows.errors import InvalidInput, Overloaded

_ResultT = TypeVar("_ResultT")

SHORTEST, LONGEST = 12, 128
_AT_ONCE = 2
_WAITING = 64
"""More would wait for seconds: they are told to come back."""

# OWASP's second choice of parameters: 19 MiB a hash, so that many log-ins at once need little memory.
_HASHER = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$wctiqyfe9HDFLv9Z7iAUUA$v30Zmw3PFIM93hYG3a5BIgIfi8fLuu6k7yOJE4VnH5I"
"""Of a password that nobody knows: what a log-in is compared with where there is no account."""

_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())
"""Of the leaked passwords that are long enough, the most frequent."""


def normalise_password(password: str) -> str:
    """The same text for what looks the same: keyboards differ in how they compose characters."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, email: str | None, field: str = "password") -> str:
    """The password, normalised. Raises InvalidInput for one that is too short, too long or easily guessed."""
    text = normalise_password(password) if len(password) <= 4 * LONGEST else password
    if not SHORTEST <= len(text) <= LONGEST:
        raise InvalidInput.of(field, f"{SHORTEST} to {LONGEST} characters are expected")
    lower = text.casefold()
    local_part = (email or "").partition("@")[0]
    if lower in _COMMON or len(set(lower)) < 5 or (len(local_part) > 3 and lower in (email, local_part * 2)):
        raise InvalidInput.of(field, "this is one of the first that anybody would try; choose another")
    return text


class PasswordHasher:
    """argon2id in threads of its own, `_AT_ONCE` at a time: a log-in never holds up a stream, and their memory is
    bounded."""

    def __init__(self) -> None:
        self._hash = PasswordHash((_HASHER,))
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="storywire-password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """As it is kept. Raises Overloaded."""
        return await self._in_turn(lambda: self._hash.hash(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password. It takes as long where there is none (`hashed` is None). Raises Overloaded."""
        text = normalise_password(password) if len(password) <= 4 * LONGEST else ""
        fits = 0 < len(text) <= LONGEST
        return await self._in_turn(lambda: self._verify(text if fits else "", hashed if fits else None))

    def close(self) -> None:
        """Waits for what is under way."""
        self._threads.shutdown()

    def _verify(self, password: str, hashed: str | None) -> bool:
        try:
            return self._hash.verify(password, hashed or _NOBODYS) and hashed is not None
        except UnknownHashError:
            return False

    async def _in_turn(self, work: Callable[[], _ResultT]) -> _ResultT:
        if self._waiting >= _WAITING:
            raise Overloaded("Too many people log in at this moment; try again in a few seconds.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
