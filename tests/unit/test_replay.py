"""Which reply a call gets, how fast, and which files a name opens."""

import asyncio
import gc
import os
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from backend.settings import SettingsError, load_settings
from tests.unit.test_cassette import HEADER, call, write
from workflows.errors import InvalidInput, ModelBadOutput, ModelNotConfigured
from workflows.models.calls.calls import ask, stream_text
from workflows.models.cassettes.cassette import Cassette, fingerprint
from workflows.models.cassettes.player import ReplayChat
from workflows.models.cassettes.replies import MatchMode, ReplyFinder
from workflows.models.choice.selection import ROLES
from workflows.models.clients.catalog import Model, ModelCatalog
from workflows.models.settings import ModelSettings
from workflows.models.spec import ModelSpec
from workflows.models.structured import MODES, StructuredMode

SECTION = "generate_content"
ASKED = [HumanMessage("Write.")]


def replies(*calls: Any, match: MatchMode = "input") -> ReplyFinder:
    return ReplyFinder("a.jsonl", Cassette(HEADER, calls, None), match)


def model(*calls: Any, speed: float = 0.0, structured: StructuredMode = "json_schema") -> Model:
    return Model(
        spec=ModelSpec("replay", "a.jsonl"),
        chat=ReplayChat(replies(*calls), speed),
        tier="standard",
        structured=structured,
        token_timeout=5,
    )


def said(text: str, **given: Any) -> Any:
    return call(1, fingerprint=fingerprint(ASKED), purpose="", finish="stop", chunks=((0, text),), **given)


def test_call_gets_the_reply_to_the_same_messages_whatever_the_order() -> None:
    played = replies(*(call(n, purpose=SECTION, section=n) for n in (1, 2, 3)), match="exact")
    order = (3, 1, 2)

    got = [played.next(f"f{n}", purpose=SECTION, section=n, attempt="a").number for n in order]
    assert got == list(order)


def test_repeated_calls_get_the_replies_in_turn_and_then_none() -> None:
    played = replies(*(call(n, fingerprint="same") for n in (1, 2)), match="exact")

    assert [played.next("same", purpose="outline", attempt="a").number for _ in range(2)] == [1, 2]
    with pytest.raises(ModelNotConfigured, match=r"a\.jsonl has no reply for outline"):
        played.next("same", purpose="outline", attempt="a")


def test_resumed_attempt_gets_the_replies_from_their_beginning() -> None:
    played = replies(*(call(n, fingerprint="same") for n in (1, 2)))

    first = played.next("same", purpose="outline", attempt=("run", 1)).number
    assert [played.next("same", purpose="outline", attempt=("run", 2)).number, first] == [1, 1]


def test_same_messages_of_another_node_are_another_call() -> None:
    played = replies(
        call(1, fingerprint="same", purpose=SECTION), call(2, fingerprint="same", purpose="enhance_content")
    )

    assert played.next("same", purpose="enhance_content", attempt="a").number == 2


def test_other_messages_get_the_reply_of_the_same_node_and_section_unless_exact() -> None:
    calls = [call(n, purpose=SECTION, section=n // 2) for n in (2, 3, 4, 5)]
    lenient, exact = replies(*calls), replies(*calls, match="exact")

    got = [lenient.next("other", purpose=SECTION, section=s, attempt="a").number for s in (2, 1, 2, 1)]
    assert got == [4, 2, 5, 3]
    with pytest.raises(ModelNotConfigured, match="no reply for generate_content of section 4"):
        lenient.next("other", purpose=SECTION, section=3, attempt="a")
    with pytest.raises(ModelNotConfigured, match="Record it again"):
        exact.next("other", purpose=SECTION, section=2, attempt="a")


async def test_replay_plays_at_its_speed() -> None:
    slow = said("", took=400).model_copy(update={"chunks": ((100, "Once"), (300, " upon"))})
    long = slow.model_copy(update={"chunks": ((3_600_000, "Once"), (3_600_000, " upon"))})
    loop = asyncio.get_running_loop()
    began = loop.time()
    texts = [text async for text in stream_text(model(slow, speed=2), ASKED)]
    took = loop.time() - began
    at_once = [text async for text in stream_text(model(long), ASKED)]  # or the test would take two hours

    assert texts == at_once == ["Once", " upon"]
    assert took >= 0.2


class Answer(BaseModel):
    word: str


@pytest.mark.parametrize("structured", MODES)
async def test_replay_answers_in_every_mode_whichever_it_was_recorded_in(structured: StructuredMode) -> None:
    text = said('{"word": "moon"}')
    tool = said("", tool_calls=({"name": "Answer", "args": {"word": "sun"}},))

    assert await ask(model(text, structured=structured), Answer, ASKED) == Answer(word="moon")
    assert await ask(model(tool, structured=structured), Answer, ASKED) == Answer(word="sun")


async def test_replay_of_a_bad_answer_in_plain_mode_is_mended_as_it_was() -> None:
    again = call(2, purpose="", finish="stop", chunks=((0, 'Here: {"word": "sun"}'),))

    played = model(said("no JSON"), again, structured="plain")
    played.chat.metadata = {"run_id": "a", "attempt": 1}
    assert await ask(played, Answer, ASKED) == Answer(word="sun")


@pytest.mark.parametrize("structured", ["json_schema", "tools"])
@pytest.mark.parametrize("text", ["no JSON", "[1]", '{"word": 7}'])
async def test_replay_of_a_bad_answer_is_a_bad_answer(text: str, structured: StructuredMode) -> None:
    with pytest.raises(ModelBadOutput):
        await ask(model(said(text), structured=structured), Answer, ASKED)


async def test_replay_without_raw_gives_the_answer_or_raises() -> None:
    good, bad = model(said('{"word": "moon"}')).chat, model(said("nothing")).chat

    assert await good.with_structured_output({}).ainvoke(ASKED) == {"word": "moon"}
    with pytest.raises(OutputParserException):
        await bad.with_structured_output({}).ainvoke(ASKED)
    assert good.invoke(ASKED).text == '{"word": "moon"}'


# Which files.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of cassettes with one in it, and one beside it."""
    (tmp_path / "ours").mkdir()
    for path in (tmp_path / "ours" / "a.jsonl", tmp_path / "secret.jsonl"):
        write(path, call(1))
    (tmp_path / "ours" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    return tmp_path / "ours"


def catalog(**settings: Any) -> ModelCatalog:
    return ModelCatalog(ModelSettings(_env_file=None, **settings))


async def test_run_may_name_a_cassette_in_the_folder(folder: Path) -> None:
    models = catalog(replay_dir=folder)
    opened = await models.open("replay:a.jsonl?speed=0&match=exact")

    assert (opened.tier, opened.structured) == ("standard", "json_schema")
    assert isinstance(opened.chat, ReplayChat) and opened.chat.speed == 0
    assert "replay:a.jsonl" in [info.id for info in models.choices() if info.usable]


@pytest.mark.parametrize(
    "name",
    ["../secret.jsonl", "link.jsonl", "/etc/passwd", "{parent}/secret.jsonl", "missing", "..", ".", "~/a"],
)
def test_run_opens_nothing_outside_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(ModelNotConfigured):
        catalog(replay_dir=folder).resolve("replay:" + name.format(parent=folder.parent))


def test_file_outside_is_refused_as_one_that_is_not_there(folder: Path) -> None:
    said = []
    for name in ("../secret.jsonl", "../nothing.jsonl"):
        with pytest.raises(ModelNotConfigured) as refused:
            catalog(replay_dir=folder).resolve(f"replay:{name}")
        said.append(refused.value.message.replace(name, ""))
    assert said[0] == said[1]


def test_run_names_no_cassette_where_there_is_no_folder(folder: Path) -> None:
    with pytest.raises(ModelNotConfigured, match="STORYWIRE_REPLAY_DIR"):
        catalog().resolve(f"replay:{folder / 'a.jsonl'}")


def test_setting_may_name_any_cassette(folder: Path) -> None:
    name = f"replay:{folder.parent / 'secret.jsonl'}"

    assert str(catalog(model=name).resolve(None)) == str(catalog(model=name).resolve(name)) == name


def test_whole_path_that_the_operator_trusts_is_opened_and_no_other(folder: Path) -> None:
    models, name = catalog(replay_dir=folder), f"replay:{folder.parent / 'secret.jsonl'}"
    models.trust(name)
    models.trust("replay:../secret.jsonl")

    assert str(models.resolve(name)) == name
    with pytest.raises(ModelNotConfigured):
        models.resolve("replay:../secret.jsonl")


@pytest.mark.parametrize("options", ["speed=fast", "speed=-1", "speed=nan", "match=some", "loud=1", "speed"])
def test_options_that_are_none_are_refused(folder: Path, options: str) -> None:
    with pytest.raises(ModelNotConfigured, match=r"speed|match"):
        catalog(replay_dir=folder).resolve(f"replay:a.jsonl?{options}")


async def test_cassette_that_changed_is_read_again(folder: Path) -> None:
    models = catalog(replay_dir=folder)
    first = await models.open("replay:a.jsonl")
    again = await models.open("replay:a.jsonl")
    write(folder / "a.jsonl", call(2))
    changed = await models.open("replay:a.jsonl")

    assert first.chat is again.chat and changed.chat is not first.chat


async def test_cassette_is_read_beside_the_event_loop(folder: Path) -> None:
    """A pipe in the place of the file: whoever reads it waits until something is written."""
    content, pipe = (folder / "a.jsonl").read_bytes(), folder / "pipe.jsonl"
    os.mkfifo(pipe)
    loop = asyncio.get_running_loop()
    is_read, goes_on = asyncio.Event(), threading.Event()

    def write_when_the_loop_goes_on() -> bool:
        with pipe.open("wb") as file:
            loop.call_soon_threadsafe(is_read.set)
            went_on = goes_on.wait(10)
            file.write(content)
        return went_on

    writing = asyncio.create_task(asyncio.to_thread(write_when_the_loop_goes_on))
    opening = asyncio.create_task(catalog(replay_dir=folder).open("replay:pipe.jsonl"))
    await is_read.wait()
    goes_on.set()

    assert await writing
    assert isinstance((await opening).chat, ReplayChat)


async def test_cassette_at_many_speeds_is_not_kept_for_each(folder: Path) -> None:
    models = catalog(replay_dir=folder)
    opened = [weakref.ref((await models.open(f"replay:a.jsonl?speed={n}")).chat) for n in range(60)]
    gc.collect()

    assert sum(chat() is not None for chat in opened) < 20


async def test_run_goes_on_in_its_cassette_when_many_others_were_opened_meanwhile(folder: Path) -> None:
    models, told = catalog(replay_dir=folder), []
    write(folder / "b.jsonl", *(call(n, purpose=":writing", chunks=((0, f"{n}"),)) for n in (1, 2)))
    for _ in range(2):
        chat = (await models.open("replay:b.jsonl?speed=0")).chat
        chat = chat.model_copy(update={"metadata": {"run_id": "r", "attempt": 1, "role": "writing"}})
        told.append((await chat.ainvoke(ASKED)).text)
        for n in range(60):
            await models.open(f"replay:a.jsonl?speed={n}")

    assert told == ["1", "2"]


def test_setting_with_a_broken_cassette_stops_the_start_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("hello\n")
    for name in (str(tmp_path / "a.jsonl"), str(tmp_path / "missing"), f"{tmp_path / 'a.jsonl'}?speed=x"):
        with pytest.raises(SettingsError, match="STORYWIRE_MODEL: "):
            load_settings(model=f"replay:{name}", _env_file=None)


# Which roles.


async def test_cassette_plays_every_role_as_its_model_was_asked(folder: Path) -> None:
    header = HEADER.model_copy(update={"structured_roles": {"outline": "tools", "judge": "plain"}})
    write(folder / "roles.jsonl", call(1), header=header)
    models = catalog(replay_dir=folder, judge="off", outline_model="openai:x", fallback_model="openai:x")

    modes = {role: (await models.open("replay:roles.jsonl", role)).structured for role in ROLES}
    assert modes == {"outline": "tools", "writing": "json_schema", "derived": "json_schema", "judge": "plain"}
    assert models.modes(await models.open("replay:roles.jsonl")) == modes
    assert all(models.fallback("replay:roles.jsonl", role) is None for role in ROLES)


@pytest.mark.parametrize("judge", ["off", "auto", "llm"])
async def test_cassette_is_judged_if_it_was_when_it_was_recorded(folder: Path, judge: str) -> None:
    models = catalog(replay_dir=folder, judge=judge, judge_model="openai:x")
    without = models.has_judge(await models.open("replay:a.jsonl"))
    write(folder / "a.jsonl", call(2, purpose="safety_check:judge"))

    assert (without, models.has_judge(await models.open("replay:a.jsonl"))) == (False, True)


async def test_run_that_lost_its_cassette_can_not_go_on(folder: Path) -> None:
    models = catalog(replay_dir=folder)
    models.check("replay:a.jsonl")
    (folder / "a.jsonl").unlink()

    with pytest.raises(ModelNotConfigured, match=r"There is no cassette a\.jsonl"):
        models.check("replay:a.jsonl")


def test_cassettes_obey_the_allow_list(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="not allowed here"):
        catalog(replay_dir=folder, allowed_models="openai:*").resolve("replay:a.jsonl")
    allowing = catalog(replay_dir=folder, allowed_models="replay:*")
    assert str(allowing.resolve("replay:a.jsonl")) == "replay:a.jsonl"
    assert [info.usable for info in allowing.choices() if info.provider == "replay"] == [True]


@pytest.mark.parametrize(
    "name", ["outline_model", "derived_model", "judge_model", "fallback_model", "judge_fallback_model"]
)
def test_cassette_is_no_partner_of_a_model(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a cassette plays a whole run by itself"):
        catalog(**{name: f"replay:{folder / 'a.jsonl'}"})
