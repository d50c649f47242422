"""Threads for work that callers ask for, apart from those that runs use: few, with a bounded queue."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from workflows.errors import Overloaded

_P = ParamSpec("_P")
_T = TypeVar("_T")


class BoundedPool:
    """Threads of a kind of work. What would wait behind too much is refused at once, and what its caller no longer
    waits for isn't begun."""

    def __init__(
        self,
        name: str,
        threads: int,
        at_once: int,
        refusal: str,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """`at_once`: what may be under way or waiting; `refusal` is the sentence for what is beyond it. `prepare` is
        called in each thread as it begins."""
        self._threads = ThreadPoolExecutor(threads, name, prepare)
        self._at_once = at_once
        self._taken = 0
        self._refusal = refusal

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of `work`, done in a thread in its turn. Raises Overloaded."""
        if self._taken >= self._at_once:
            raise Overloaded(self._refusal)
        self._taken += 1
        try:
            job = partial(work, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._threads, job)
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Drops what hasn't begun, and leaves what is under way to its end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
