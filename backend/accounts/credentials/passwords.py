"""Passwords: which are accepted, and argon2 beside the event loop, a few at a time."""

import os
import sys
import threading
import unicodedata
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from backend.bounded_pool import BoundedPool
from workflows.errors import InvalidInput

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST, LONGEST = 12, 128
_AT_ONCE = 64
"""More would wait for seconds: they are told to come back."""

# Made with the parameters of `argon2.py`; a test compares them.
_NOBODYS = "$argon2id$v=19$m=7168,t=5,p=1$wctiqyfe9HDFLv9Z7iAUUA$v30Zmw3PFIM93hYG3a5BIgIfi8fLuu6k7yOJE4VnH5I"
"""Of a password that nobody knows: what a log-in is compared with where there is no account, at the same cost."""
_LESS, _LEAST = 10, 19
"""How much less urgent hashing is than the service itself, and the least urgent that there is."""

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


@cache
def _argon2() -> "PasswordHash":
    from pwdlib import PasswordHash  # with libsodium: only who has passwords loads them

    from backend.accounts.credentials.argon2 import Argon2id

    return PasswordHash((Argon2id(),))


def _processors() -> int:
    """Of those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _yield_to_others() -> None:
    """Lowers the priority of this thread alone, where threads have one. Only for work without the interpreter's lock,
    as argon2's is: whoever holds that and isn't given the processor holds up the event loop."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        own = os.getpriority(os.PRIO_PROCESS, thread)  # the service's, which began this thread
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, min(own + _LESS, _LEAST))


class PasswordHasher:
    """argon2id in threads of its own, as many as there are processors, which yield to all others: a log-in never
    holds up a stream, and the memory of all is bounded."""

    def __init__(self) -> None:
        refusal = "Too many people log in at this moment; try again in a few seconds."
        self._pool = BoundedPool("storywire-password", _processors(), _AT_ONCE, refusal, _yield_to_others)

    async def hash(self, password: str) -> str:
        """As it is kept. Raises Overloaded."""
        return await self._pool.run(lambda: _argon2().hash(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password. It takes as long where there is none (`hashed` is None). Raises Overloaded."""
        text = normalise_password(password) if len(password) <= 4 * LONGEST else ""
        fits = 0 < len(text) <= LONGEST
        return await self._pool.run(lambda: self._verify(text if fits else "", hashed if fits else None))

    def needs_rehash(self, hashed: str) -> bool:
        """Whether other parameters than today's made this hash."""
        return _argon2().current_hasher.check_needs_rehash(hashed)

    def close(self) -> None:
        """Drops what hasn't begun."""
        self._pool.close()

    def _verify(self, password: str, hashed: str | None) -> bool:
        """The same work whether or not there is a password to compare with."""
        return _argon2().verify(password, hashed or _NOBODYS) and hashed is not None
