"""Who takes over when a model can't be reached: only as long as the readers have seen nothing of it."""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from workflows.errors import (
    ModelAuth,
    ModelError,
    ModelNotConfigured,
    ModelRateLimited,
    ModelTimeout,
    ModelUnavailable,
)
from workflows.models.spec import ModelSpec

FALLS_BACK = (ModelAuth, ModelNotConfigured, ModelRateLimited, ModelTimeout, ModelUnavailable)
"""What another provider may do better. A reply that was cut, empty or refused was paid for, and is told as it is."""


class Named(Protocol):
    """Something that is a model of this name."""

    @property
    def spec(self) -> ModelSpec:
        """Its name."""


ModelT = TypeVar("ModelT", bound=Named)


class Fallback(Generic[ModelT]):
    """The other model of one task of a run: opened when it is needed, and kept on once it took over."""

    def __init__(self, open_other: Callable[[], Awaitable[ModelT]], tell: Callable[[str], None]) -> None:
        self._open_other = open_other
        self._tell = tell
        self.taken: ModelT | None = None
        self.too_late = False
        """Words were given out: what follows must not be another model's."""

    async def take_over(self, error: ModelError) -> ModelT:
        """The other model, after the readers were told why. Raises `error` where it is too late, or there is none."""
        if self.too_late or self.taken is not None:
            raise error
        try:
            other = await self._open_other()
        except ModelError:
            raise error from None
        self._tell(f"{error.message} {other.spec} takes over.")
        self.taken = other
        return other
