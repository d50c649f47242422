"""argon2id by libsodium, as a hasher of pwdlib's.

pwdlib's own is on argon2-cffi, whose wheels know SSE2 only; libsodium takes the widest instructions that the processor
has, and a fifth less time. Both write and read the same strings.
"""

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

# OWASP's five choices of parameters are equally strong. This one takes the least time, and 7 MiB a hash.
MEMORY_KIB, ROUNDS = 7 * 1024, 5
PARAMETERS = f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},p=1$"
"""How every string of ours begins."""


class Argon2id:
    """Implementation of pwdlib's `HasherProtocol`."""

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        """Whether the string is of argon2id, with whatever parameters."""
        return _bytes(hash).startswith(b"$argon2id$")

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """The string to keep; its salt is always of chance."""
        assert salt is None
        return (
            argon2id.str(_bytes(password), opslimit=ROUNDS, memlimit=MEMORY_KIB * 1024)
            .decode()
            .rstrip("\x00")
        )

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        """Whether it is the password of that string; False for a string that is damaged."""
        try:
            return argon2id.verify(_bytes(hash), _bytes(password))
        except InvalidkeyError:
            return False

    def check_needs_rehash(self, hash: str | bytes) -> bool:
        """Whether other parameters made the string."""
        return not _bytes(hash).startswith(PARAMETERS.encode())


def _bytes(text: str | bytes) -> bytes:
    """A password may hold half a surrogate pair: it is as good as any."""
    return text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
