"""The service as a process of its own: what it logs about runs, and how it leaves."""

import asyncio
import json
import signal
from pathlib import Path

from tests.fakes.collector import Collector
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.served_process import KEY, lines_of, logged_in, serve_process

LANGSMITH_KEY = "lsv2_secret"
STORY = {"theme": "quokkas", "reader": {"name": "Zilpah"}, "custom_user_input": "a marmalade bridge"}


async def test_process_logs_runs_by_id_without_secrets_or_texts_and_leaves_when_told(
    provider: FakeProvider, tmp_path: Path
) -> None:
    provider.script = Script((Rule(Reply(text="Zilpah hums a tune. ", words=40), structured=False),))
    environment = {
        "STORYWIRE_DRAIN_SECONDS": "600",
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": LANGSMITH_KEY,
    }
    async with (
        Collector("hang") as collector,
        serve_process(tmp_path, provider, LANGSMITH_ENDPOINT=collector.url, **environment) as (
            client,
            process,
            log_path,
        ),
    ):
        good = await client.start(input=STORY, keep_length=False)
        await client.read(good)
        assert (await client.run(good))["status"] == "completed"  # which waits until its end is stored
        provider.script = Script((Rule(Reply(fault=Fault("status", status=503)), structured=False),))
        bad = await client.start(input=STORY, keep_length=False)
        await client.read(bad)

        # It is told to stop: it says so as long as the port is open, and takes nothing more.
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            while (ready := await client.http.get("/readyz")).status_code == 200:
                pass
        assert ready.json()["status"] == "the service is stopping"
        assert (await client.http.get("/healthz")).status_code == 200
        body = {"format": "story", "input": STORY}
        assert (await client.http.post("/api/v1/runs", json=body)).status_code == 503
        # A second time: now. LangSmith hangs, and doesn't hold it up.
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert collector.posted
        assert collector.answered == 0

    # What was sent there was masked, also what the library would have sent by itself.
    sent = b"".join(posted.body for posted in collector.posted)
    for secret in (KEY, LANGSMITH_KEY, "Zilpah", "marmalade"):
        assert secret.encode() not in sent

    logged = logged_in(log_path)
    of_runs = [line for line in logged if line["event"].startswith("run_")]
    assert [(line["event"], line["run_id"]) for line in of_runs] == [
        ("run_begins", good),
        ("run_ends", good),
        ("run_begins", bad),
        ("run_failed", bad),
        ("run_ends", bad),
    ]
    assert all(line["format"] == "story" for line in of_runs)
    for line in lines_of(log_path):
        about_a_run = good in line or bad in line
        assert not about_a_run or json.loads(line)["run_id"] in (good, bad)
        for secret in (KEY, LANGSMITH_KEY, "Zilpah", "quokka", "marmalade", "hums"):
            assert secret not in line
