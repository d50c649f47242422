"""Errors of Storywire, a class hierarchy with stable codes.

`code` is part of the wire contract (docs/protocol.md) and never changes; `message` is a sentence
for a person and never holds a key, a stack trace or a provider's raw reply. The HTTP status of a
code is decided at the edge, in `backend/api/problems.py`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

MOST_ERRORS = 50
_LONGEST_FIELD = 200


@dataclass(frozen=True, slots=True)
class FieldError:
    """A wrong field of an input: its dotted path and the values accepted there."""

    field: str
    message: str


def describe_fault(item: Mapping[str, Any]) -> str:
    """What is wrong with a field, from an error of pydantic's, in words for who fills in a form."""
    if item["type"] == "missing":
        return "This is needed"
    message = re.sub(r"^Value error, | after validation, not \d+$", "", str(item["msg"]))
    return re.sub(r"^(?:Input|String|List|Value|Number) should ", "This should ", message)


class StorywireError(RuntimeError):
    """Base of all errors. `retryable`: the same request may succeed later. `resumable`: its run can be resumed.

    A RuntimeError, because LangGraph's server shows the messages of none but Python's own kinds.
    """

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False
    resumable: bool = True

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        """`errors` name the fields at fault, if any."""
        super().__init__(message)
        self.message = message
        self.errors = errors


class Internal(StorywireError):
    """A fault of the service. The cause is in the service's own log, under the run id."""

    retryable = True


class InvalidInput(StorywireError):
    """Invalid input from the caller; `errors` name the fields."""

    code = "INVALID_INPUT"
    resumable = False

    @classmethod
    def of(cls, field: str, message: str) -> Self:
        """The error for one field, by its dotted path, with the values accepted there."""
        return cls.of_fields((FieldError(field, message),))

    @classmethod
    def of_fields(cls, errors: Iterable[FieldError]) -> Self:
        """The error for several fields: the first `MOST_ERRORS`, and in its message how many more there are."""
        found = tuple(errors)
        shown, left = found[:MOST_ERRORS], len(found) - MOST_ERRORS
        sentences = [f"{error.field[:_LONGEST_FIELD]}: {error.message}" for error in shown]
        return cls("; ".join([*sentences, *([f"and {left} more"] if left > 0 else [])]), shown)


class Unauthenticated(StorywireError):
    """Error of a caller who isn't known: there is no credential, or it is wrong, or it has ended."""

    code = "UNAUTHENTICATED"
    resumable = False


class Forbidden(StorywireError):
    """Error of a caller who is known and may not do this."""

    code = "FORBIDDEN"
    resumable = False


class NotFound(StorywireError):
    """Error of an object that doesn't exist or belongs to somebody else: the caller can't tell which."""

    code = "NOT_FOUND"
    resumable = False


class Conflict(StorywireError):
    """Conflict of the request with the present state of the object."""

    code = "CONFLICT"
    resumable = False


class PayloadTooLarge(StorywireError):
    """Error of a body over the size limit."""

    code = "PAYLOAD_TOO_LARGE"
    resumable = False


class RefusedForNow(StorywireError):
    """Base of temporary refusals: there is room again after `retry_after` seconds."""

    retryable = True
    retry_after = 5

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        if retry_after is not None:
            self.retry_after = retry_after


class Overloaded(RefusedForNow):
    """Refusal for want of room, such as for too many active runs."""

    code = "OVERLOADED"


class RateLimited(RefusedForNow):
    """Refusal of too many attempts."""

    code = "RATE_LIMITED"
    retry_after = 60


class QuotaExceeded(RefusedForNow):
    """Error of an owner whose quota of runs is used up."""

    code = "QUOTA_EXCEEDED"
    retry_after = 3600


class ModelError(StorywireError):
    """Base of the errors of a model, or of the connection to it."""


class ModelNotConfigured(ModelError):
    """Error of a missing key or model: the message names the missing setting."""

    code = "MODEL_NOT_CONFIGURED"


class ModelAuth(ModelError):
    """The provider's refusal of the key."""

    code = "MODEL_AUTH"


class ModelRateLimited(ModelError):
    """The provider's rate limit, or an account out of credit."""

    code = "MODEL_RATE_LIMITED"
    retryable = True


class ModelTimeout(ModelError):
    """Timeout of a provider that sent no token for too long."""

    code = "MODEL_TIMEOUT"
    retryable = True


class ModelUnavailable(ModelError):
    """Error of a provider that can't be reached, or that broke off."""

    code = "MODEL_UNAVAILABLE"
    retryable = True


class ModelTruncated(ModelError):
    """Error of a reply that ended without a finish reason, or hit its length limit."""

    code = "MODEL_TRUNCATED"
    retryable = True


class ModelBadOutput(ModelError):
    """Error of a reply that is empty, or doesn't match the schema."""

    code = "MODEL_BAD_OUTPUT"
    retryable = True


class SafetyRejected(StorywireError):
    """Refusal of a text that can't be made safe."""

    code = "SAFETY_REJECTED"
    resumable = False

    def __init__(self, message: str, *, by_provider: bool = False) -> None:
        """`by_provider`: the provider's filter stopped a reply, not this service. The next reply may pass."""
        super().__init__(message)
        self.resumable = by_provider


class BudgetExceeded(StorywireError):
    """Error of a run whose budget is used up, or too small to continue; it can be resumed with more."""

    code = "BUDGET_EXCEEDED"


class Cancelled(StorywireError):
    """End of a run that somebody cancelled; the text so far is kept."""

    code = "CANCELLED"


class RunTimeout(StorywireError):
    """Error of a run that exceeded the time limit of runs."""

    code = "TIMEOUT"
    retryable = True
