"""Answers in a form, in every mode that a model may have, over real HTTP."""

from collections.abc import Iterator

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Rule, Script
from tests.models import APIS, SPECS, Verdict, open_model
from workflows.errors import ModelBadOutput
from workflows.models.calls.calls import ask
from workflows.models.structured import MODES

TEXT = [SystemMessage("You are an editor."), HumanMessage("Judge the text.")]
GOOD = {"approved": True, "notes": ["well told {and} kept short"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """One for the whole table: it runs in a thread of its own."""
    running = FakeProvider()
    running.start()
    yield running
    running.stop()


async def answer(provider: FakeProvider, api: str, mode: str) -> Verdict:
    async with open_model(provider.root_url, api, structured_modes=f"*={mode}") as model:
        return await ask(model, Verdict, TEXT)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("api", APIS)
async def test_answer_comes_in_every_mode_by_one_call_that_asks_for_it(
    provider: FakeProvider, api: str, mode: str
) -> None:
    provider.script = Script(default=Reply(json=GOOD))
    seen = len(provider.calls)
    assert await answer(provider, api, mode) == Verdict.model_validate(GOOD)
    (call,) = provider.calls[seen:]
    body = str(call.body)
    assert ("minItems" in call.prompt_text) == (mode in ("json_mode", "plain"))
    assert ("json_schema" in body or "responseJsonSchema" in body) == (mode == "json_schema")
    assert ("tool_choice': {" in body or "functionCallingConfig" in body) == (mode == "tools")
    assert call.body.get("stream") in (None, False)


@pytest.mark.parametrize(
    "reply",
    [
        '```json\n{"approved": true, "notes": ["well told {and} kept short"]}\n```',
        'Here you are:\n{"approved": true, "notes": ["well told {and} kept short"]}\nIs that {all right}?',
        '<think>{"approved": false}</think>{"approved": true, "notes": ["well told {and} kept short"]}',
    ],
    ids=["fence", "words", "thoughts"],
)
async def test_plain_answer_is_found_among_words(provider: FakeProvider, reply: str) -> None:
    provider.script = Script(default=Reply(text=reply))
    assert await answer(provider, "chat", "plain") == Verdict.model_validate(GOOD)


@pytest.mark.parametrize("bad", ["I think it is fine.", '{"approved": true, "notes": []}', '{"approved": tr'])
async def test_plain_answer_out_of_form_is_mended_by_one_more_call(provider: FakeProvider, bad: str) -> None:
    provider.script = Script(
        rules=(Rule(Reply(text=bad), times=1),), default=Reply(text='{"approved": true, "notes": ["well"]}')
    )
    seen = len(provider.calls)
    assert (await answer(provider, "chat", "plain")).notes == ["well"]
    first, second = provider.calls[seen:]
    assert second.prompt_text.startswith(first.prompt_text) and bad in second.prompt_text
    assert "not in the form" in second.prompt_text


async def test_plain_answer_out_of_form_twice_is_given_up(provider: FakeProvider) -> None:
    provider.script = Script(default=Reply(text="No."))
    seen = len(provider.calls)
    with pytest.raises(ModelBadOutput, match="did not answer in the form"):
        await answer(provider, "chat", "plain")
    assert len(provider.calls) - seen == 2


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json_mode"])
@pytest.mark.parametrize("api", APIS)
async def test_answer_out_of_form_in_another_mode_is_not_asked_for_again(
    provider: FakeProvider, api: str, mode: str
) -> None:
    provider.script = Script(default=Reply(json={"approved": "perhaps"}))
    seen = len(provider.calls)
    with pytest.raises(ModelBadOutput, match="did not answer in the form"):
        await answer(provider, api, mode)
    assert len(provider.calls) - seen == 1


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json_mode"])
@pytest.mark.parametrize("api", APIS)
async def test_mode_that_a_model_refuses_is_told_with_the_setting_and_not_tried_again(
    provider: FakeProvider, api: str, mode: str
) -> None:
    fault = Fault("status", status=400, message="This model does not support this response format")
    provider.script = Script(default=Reply(fault=fault))
    seen = len(provider.calls)
    with pytest.raises(ModelBadOutput) as caught:
        await answer(provider, api, mode)
    assert f"STORYWIRE_STRUCTURED_MODES={SPECS[api]}=" in caught.value.message
    assert f"(mode {mode})" in caught.value.message
    assert len(provider.calls) - seen == 1


async def test_model_that_does_not_call_the_function_has_not_answered(provider: FakeProvider) -> None:
    # Servers that know no `tool_choice` answer in words.
    provider.script = Script(default=Reply(fault=Fault("empty")))
    with pytest.raises(ModelBadOutput, match="did not answer in the form"):
        await answer(provider, "chat", "tools")
