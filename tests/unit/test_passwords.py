"""Passwords: what they cost, and that nobody's costs as much as somebody's."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest
from nacl.pwhash import argon2id

from backend.accounts.credentials import passwords
from backend.accounts.credentials.argon2 import MEMORY_KIB, PARAMETERS, ROUNDS, Argon2id
from backend.accounts.credentials.passwords import PasswordHasher
from tests.missing import give_up

PASSWORD = "a long sentence, not a word"
OWASP = {(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5)}


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    found = PasswordHasher()
    yield found
    found.close()


def test_parameters_are_one_of_owasps_choices() -> None:
    assert (MEMORY_KIB, ROUNDS) in OWASP
    assert Argon2id().hash(PASSWORD).startswith(PARAMETERS)


def test_password_that_nobody_has_costs_what_every_other_does() -> None:
    assert passwords._NOBODYS.startswith(PARAMETERS)
    assert len(passwords._NOBODYS) == len(Argon2id().hash(PASSWORD))


@pytest.mark.parametrize("shown", [PASSWORD, "wrong, but long enough", "", "x" * 10_000, "\ud800" * 20])
async def test_log_in_hashes_once_whether_or_not_there_is_an_account(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, shown: str
) -> None:
    """By structure, not by the clock: the same number of hashes with the same parameters."""
    calls: list[bytes] = []
    verify = argon2id.verify

    def count(hashed: bytes, password: bytes) -> bool:
        calls.append(hashed[: len(PARAMETERS)])
        return bool(verify(hashed, password))

    monkeypatch.setattr(argon2id, "verify", count)
    kept = await hasher.hash(PASSWORD)
    assert await hasher.verify(shown, kept) is (shown == PASSWORD)
    assert await hasher.verify(shown, None) is False
    assert calls == [PARAMETERS.encode()] * 2


@pytest.mark.parametrize(
    "password", ["a\x00b, and what follows counts", "\U0001f98a fox, \u202e turned", "\ud800" * 12]
)
async def test_every_character_of_a_password_counts(hasher: PasswordHasher, password: str) -> None:
    kept = await hasher.hash(password)
    assert await hasher.verify(password, kept)
    assert not await hasher.verify(password[:-1] + "?", kept)


async def test_hash_that_another_library_made_is_verified(hasher: PasswordHasher) -> None:
    """argon2-cffi's, of "password" with other parameters (RFC 9106's form of strings)."""
    kept = "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"
    assert not await hasher.verify("wrong, but long enough", kept)
    assert not Argon2id().verify(PASSWORD, "$argon2id$damaged")
    assert Argon2id().check_needs_rehash(kept)


async def test_hashing_yields_to_the_event_loop(hasher: PasswordHasher) -> None:
    if sys.platform != "linux":
        give_up("threads have a priority of their own on Linux alone")

    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = nice()
    assert await hasher._pool.run(nice) == min(own + 10, 19)
    assert nice() == own


@pytest.mark.parametrize(("own", "expected"), [(-5, 5), (0, 10), (15, 19), (19, 19)])
async def test_hashing_is_never_more_urgent_than_the_service(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, own: int, expected: int
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "PRIO_PROCESS", 0, raising=False)
    monkeypatch.setattr(os, "getpriority", lambda *_: own, raising=False)
    monkeypatch.setattr(os, "setpriority", lambda *given: asked.append(given[-1]), raising=False)
    await hasher._pool.run(lambda: None)
    assert asked == [expected]
