"""What is done beside everything else."""

import asyncio

from structlog.testing import capture_logs

from backend.tasks import Background, every


async def test_work_that_fails_is_done_again_until_nobody_needs_it() -> None:
    done: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> None:
        done.put_nowait(1)
        raise OSError("for once")

    async with every(0, work, name="trying"):
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "trying")
        assert [await done.get() for _ in range(3)] == [1, 1, 1]
    assert task.cancelled()


async def test_close_waits_for_the_work_that_nobody_waited_for() -> None:
    background, gate, done = Background(), asyncio.Event(), []

    async def work(number: int) -> None:
        await gate.wait()
        done.append(number)
        raise OSError("too late to help")

    background.do(lambda: work(1), name="storing")
    background.do(lambda: work(2), name="storing")
    closing = asyncio.create_task(background.close())
    gate.set()
    with capture_logs() as logged:
        await closing
    assert done == [1, 2] and [line["event"] for line in logged] == ["storing_failed"] * 2
