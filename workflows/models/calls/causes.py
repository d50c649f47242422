"""What led to an error: SDKs wrap what the network said, some of them twice."""

import ssl
from collections.abc import Iterator

# Not its subclasses: one of them means "wait for more bytes" and is in the history of every timeout over TLS,
# another that the other side hung up.
_INSECURE = (ssl.SSLError, ssl.SSLCertVerificationError)


def iterate_causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, what it was raised from, and so on."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def is_insecure(error: BaseException) -> bool:
    """Whether no secure connection could be made: a certificate that can't be checked, or no TLS at all."""
    return any(type(cause) in _INSECURE for cause in iterate_causes(error))
