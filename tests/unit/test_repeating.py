"""What is done again and again."""

import asyncio

from backend.runs.repeating import every


async def test_work_that_fails_is_done_again_until_nobody_needs_it() -> None:
    done: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> None:
        done.put_nowait(1)
        raise OSError("for once")

    async with every(0, work, name="trying"):
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "trying")
        assert [await done.get() for _ in range(3)] == [1, 1, 1]
    assert task.cancelled()
