"""The failures of requests and runs."""


class StorywireError(Exception):
    """A failure with the service's stable code. `retryable`: the same request may succeed later."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        run_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.retryable = retryable
        self.run_id = run_id


class Refused(StorywireError):
    """A request that the service refuses, and would refuse again."""


class Unreachable(StorywireError):
    """The attempts are used up. The story keeps its `last_event_id`."""


class RunFailed(StorywireError):
    """A run that ended with `error`. `resumable`: `runs.resume` can go on with it."""

    def __init__(
        self, code: str, message: str, *, resumable: bool, retryable: bool = False, run_id: str | None = None
    ) -> None:
        super().__init__(code, message, retryable=retryable, run_id=run_id)
        self.resumable = resumable


class HashMismatch(StorywireError):
    """The text read is not the text that the service has."""


class Retracted(StorywireError):
    """Text that `text()` had yielded was taken back."""

    def __init__(self, section: int, run_id: str | None = None) -> None:
        super().__init__(
            "RETRACTED", f"section {section} was taken back after some of it had been read", run_id=run_id
        )
        self.section = section
