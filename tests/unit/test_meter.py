"""What a model's calls say of themselves, whichever way they end."""

import asyncio
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from workflows.errors import BudgetExceeded
from workflows.messages.messages import CallUsage
from workflows.models.budget.ledger import Caps, Ledger
from workflows.models.budget.meter import Meter, MeterReader
from workflows.models.budget.prices import PriceRegistry
from workflows.models.spec import ModelSpec

PROMPT: list[list[BaseMessage]] = [[HumanMessage("x" * 40)]]


class Desk:
    """A meter whose tellings are kept."""

    def __init__(self, caps: Caps | None = None) -> None:
        self.told: list[CallUsage] = []
        meter = Meter(Ledger(PriceRegistry(), caps), self.told.append, ModelSpec("openai", "x"), "writing", 2)
        self.reader = MeterReader(meter)

    async def begin(self) -> UUID:
        run_id = uuid4()
        await self.reader.on_chat_model_start({}, PROMPT, run_id=run_id)
        return run_id


def _result(text: str, finish: str | None = "stop", usage: bool = True) -> LLMResult:
    message = AIMessage(
        text,
        response_metadata={"finish_reason": finish} if finish else {},
        usage_metadata={"input_tokens": 9, "output_tokens": 5, "total_tokens": 14} if usage else None,
    )
    return LLMResult(generations=[[ChatGeneration(message=message)]])


async def test_meter_takes_the_providers_count() -> None:
    desk = Desk()
    await desk.reader.on_llm_end(_result("Once upon a time"), run_id=await desk.begin())
    [spent] = desk.told
    assert (spent.input_tokens, spent.output_tokens, spent.section) == (9, 5, 2)
    assert spent.estimated is None


@pytest.mark.parametrize("result", [_result("twelve chars", usage=False), _result("twelve chars", None)])
async def test_meter_guesses_what_no_provider_counted_to_the_end(result: LLMResult) -> None:
    desk = Desk()
    await desk.reader.on_llm_end(result, run_id=await desk.begin())
    [spent] = desk.told
    assert (spent.input_tokens, spent.output_tokens) == (14, 3) and spent.estimated


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), ConnectionError()])
async def test_meter_counts_what_came_of_a_reply_that_was_left_or_broke(error: BaseException) -> None:
    desk = Desk()
    run_id = await desk.begin()
    for token in ("Once", [{"type": "text", "text": " upon"}, " a"], ""):
        await desk.reader.on_llm_new_token(token, run_id=run_id)
    await desk.reader.on_llm_error(error, run_id=run_id, response=LLMResult(generations=[]))
    [spent] = desk.told
    assert spent.output_tokens == 3 and spent.estimated


@pytest.mark.parametrize("odd", [2**63, 2**63 - 1, 2**200, -1])
async def test_meter_takes_no_count_of_tokens_that_cannot_be_one(odd: int) -> None:
    for given in ({"input_tokens": odd, "output_tokens": 5}, {"input_tokens": 9, "output_tokens": odd}):
        desk = Desk(Caps(max_output_tokens=1000))
        message = AIMessage(
            "twelve chars",
            response_metadata={"finish_reason": "stop"},
            usage_metadata={**given, "total_tokens": 14},
        )
        result = LLMResult(generations=[[ChatGeneration(message=message)]])
        await desk.reader.on_llm_end(result, run_id=await desk.begin())
        [spent] = desk.told
        assert (spent.input_tokens, spent.output_tokens) == (14, 3) and spent.estimated


@pytest.mark.parametrize("odd", [2**63, -1, float("nan"), "many", None, True])
async def test_meter_takes_no_such_count_of_a_reply_that_an_sdk_threw(odd: object) -> None:
    class Thrown(Exception):
        """As OpenAI's SDK throws a reply that ended at its limit."""

        completion = SimpleNamespace(usage=SimpleNamespace(prompt_tokens=9, completion_tokens=odd))

    desk = Desk()
    await desk.reader.on_llm_error(Thrown(), run_id=await desk.begin())
    [spent] = desk.told
    assert (spent.input_tokens, spent.output_tokens) == (14, 0) and spent.estimated


async def test_meter_counts_the_prompt_of_a_call_that_was_left_before_a_word() -> None:
    desk = Desk()
    await desk.reader.on_llm_error(asyncio.CancelledError(), run_id=await desk.begin())
    assert [(spent.input_tokens, spent.output_tokens) for spent in desk.told] == [(14, 0)]


async def test_meter_counts_nothing_for_a_call_that_was_refused() -> None:
    desk = Desk()
    await desk.reader.on_llm_error(ConnectionRefusedError(), run_id=await desk.begin())
    assert desk.told == []


async def test_meter_stops_a_call_that_nobody_else_watches_at_the_chunk_that_is_too_much() -> None:
    desk = Desk(Caps(max_output_tokens=20))
    run_id = await desk.begin()
    for _ in range(20):
        await desk.reader.on_llm_new_token("word ", run_id=run_id)
    with pytest.raises(BudgetExceeded):
        await desk.reader.on_llm_new_token("word ", run_id=run_id)


@pytest.mark.parametrize("made", [False, True])
async def test_meter_counts_a_call_that_was_cut_off_only_if_it_was_made(made: bool) -> None:
    ledger, told = Ledger(PriceRegistry()), list[CallUsage]()
    meter = Meter(ledger, told.append, ModelSpec("openai", "x"), "writing", 2)
    reader = MeterReader(meter, meter.begin(PROMPT[0]))
    if made:
        await reader.on_chat_model_start({}, PROMPT, run_id=uuid4())
    ledger.close()
    assert [(spent.input_tokens, spent.output_tokens) for spent in ledger.calls] == [(14, 0)] * made
