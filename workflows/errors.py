"""Every way in which Storywire says no, as one tree with stable codes.

`code` is part of the wire contract (docs/protocol.md) and never changes; `message` is a sentence
for a person and never holds a key, a stack trace or a provider's raw reply. The HTTP status of a
code is decided at the edge, in `backend/api/problems.py`.
"""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field of an input: its dotted path and what is accepted there."""

    field: str
    message: str


class StorywireError(RuntimeError):
    """The root. `retryable`: the same request may succeed later. `resumable`: a run that it ended can go on.

    A RuntimeError, because LangGraph's server shows the messages of none but Python's own kinds.
    """

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False
    resumable: bool = True

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        """`errors` name the fields that it is about, where it is about fields."""
        super().__init__(message)
        self.message = message
        self.errors = errors


class Internal(StorywireError):
    """A fault of ours. The cause is in the service's own log, under the run id."""

    retryable = True


class InvalidInput(StorywireError):
    """What the caller sent is wrong; `errors` name the fields."""

    code = "INVALID_INPUT"
    resumable = False

    @classmethod
    def of(cls, field: str, message: str) -> Self:
        """The error for one field, by its dotted path, with what is accepted there."""
        return cls(f"{field}: {message}", (FieldError(field, message),))


class Unauthenticated(StorywireError):
    """Who calls isn't known: there is no credential, or it is wrong, or it has ended."""

    code = "UNAUTHENTICATED"
    resumable = False


class Forbidden(StorywireError):
    """Who calls is known and may not do this."""

    code = "FORBIDDEN"
    resumable = False


class NotFound(StorywireError):
    """It isn't there, or it belongs to somebody else: the caller can't tell which."""

    code = "NOT_FOUND"
    resumable = False


class Conflict(StorywireError):
    """The request doesn't fit the state that the thing is in."""

    code = "CONFLICT"
    resumable = False


class PayloadTooLarge(StorywireError):
    """The body is over the limit."""

    code = "PAYLOAD_TOO_LARGE"
    resumable = False


class Overloaded(StorywireError):
    """Not now, such as because too much is going on; come back after `retry_after` seconds."""

    code = "OVERLOADED"
    retryable = True

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(StorywireError):
    """Tried too often; there is room again after `retry_after` seconds."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, message: str, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExceeded(StorywireError):
    """As many runs as this owner may have are used; there is room again after `retry_after` seconds."""

    code = "QUOTA_EXCEEDED"
    retryable = True

    def __init__(self, message: str, retry_after: int = 3600) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelError(StorywireError):
    """The model, or the way to it, failed."""


class ModelNotConfigured(ModelError):
    """No key or no such model: the message says which setting is missing."""

    code = "MODEL_NOT_CONFIGURED"


class ModelAuth(ModelError):
    """The provider refused the key."""

    code = "MODEL_AUTH"


class ModelRateLimited(ModelError):
    """The provider asks to slow down, or the account is out of credit."""

    code = "MODEL_RATE_LIMITED"
    retryable = True


class ModelTimeout(ModelError):
    """The provider sent no token for too long."""

    code = "MODEL_TIMEOUT"
    retryable = True


class ModelUnavailable(ModelError):
    """The provider can't be reached, or broke off."""

    code = "MODEL_UNAVAILABLE"
    retryable = True


class ModelTruncated(ModelError):
    """The reply ended without a finish reason, or hit its length limit."""

    code = "MODEL_TRUNCATED"
    retryable = True


class ModelBadOutput(ModelError):
    """The reply is empty, or not what the schema asked for."""

    code = "MODEL_BAD_OUTPUT"
    retryable = True


class SafetyRejected(StorywireError):
    """The text can't be made safe."""

    code = "SAFETY_REJECTED"
    resumable = False

    def __init__(
        self, message: str, errors: tuple[FieldError, ...] = (), *, by_provider: bool = False
    ) -> None:
        """`by_provider`: its filter stopped a reply. That isn't our verdict, and the next reply may pass."""
        super().__init__(message, errors)
        self.resumable = by_provider


class BudgetExceeded(StorywireError):
    """What the run may spend is used up, or too little to go on with; it can go on with more."""

    code = "BUDGET_EXCEEDED"


class Cancelled(StorywireError):
    """Somebody stopped the run; the text so far is kept."""

    code = "CANCELLED"


class RunTimeout(StorywireError):
    """The run took longer than a run may."""

    code = "TIMEOUT"
    retryable = True
