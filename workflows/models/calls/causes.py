"""Causes of an error: SDKs wrap network errors, some of them twice."""

import ssl
from collections.abc import Iterator

# Not its subclasses: one of them means "wait for more bytes" and is in the history of every timeout over TLS,
# another that the other side hung up.
_INSECURE = (ssl.SSLError, ssl.SSLCertVerificationError)


def iterate_causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, its cause, and so on."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def is_insecure(error: BaseException) -> bool:
    """Whether no secure connection could be made: the certificate can't be verified, or there is no TLS at all."""
    return any(type(cause) in _INSECURE for cause in iterate_causes(error))
