"""Providers that somebody else wrote (llmock) as judges: what we take for a whole text, a plan, a fault."""

from collections.abc import Iterator

import pytest
from langchain_core.messages import HumanMessage
from llmock.pytest_plugin import LLMock
from llmock.testing import LLMockServer

from tests.models import APIS, Verdict, open_model
from workflows.errors import StorywireError
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model

WISH = [HumanMessage("Write a short story about a lighthouse.")]


@pytest.fixture(scope="module")
def server() -> Iterator[LLMockServer]:
    """In a thread of its own, on a real socket."""
    with LLMockServer() as running:
        yield running


@pytest.fixture
def provider(server: LLMockServer) -> LLMock:
    """Without faults and without memory of the test before."""
    return LLMock(server).reset()


async def read(model: Model) -> str:
    """What a section does."""
    return "".join([delta async for delta in stream_text(model, WISH)])


def settings(provider: LLMock) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": provider.base_url("openai"),
        "GOOGLE_GEMINI_BASE_URL": provider.base_url("gemini"),
    }


@pytest.mark.parametrize("api", APIS)
async def test_text_of_a_foreign_provider_is_read_whole(provider: LLMock, api: str) -> None:
    provider.reply("Once upon a time there was a lighthouse on the moon.")
    async with open_model("", api, **settings(provider)) as model:
        assert await read(model) == "Once upon a time there was a lighthouse on the moon."
    provider.assert_resilient()


@pytest.mark.parametrize("mode", ["json_schema", "tools"])
@pytest.mark.parametrize("api", APIS)
async def test_answer_of_a_foreign_provider_is_in_the_form(provider: LLMock, api: str, mode: str) -> None:
    async with open_model("", api, structured_modes=f"*={mode}", **settings(provider)) as model:
        assert isinstance(await ask(model, Verdict, WISH), Verdict)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("401", "MODEL_AUTH"),
        ("404", "MODEL_NOT_CONFIGURED"),
        ("429", "MODEL_RATE_LIMITED"),
        ("503", "MODEL_UNAVAILABLE"),
        ("disconnect", "MODEL_UNAVAILABLE"),
        ("truncate", "MODEL_TRUNCATED"),
        ("corrupt", "MODEL_UNAVAILABLE"),
        ("stall", "MODEL_TIMEOUT"),
    ],
)
async def test_fault_of_a_foreign_provider_is_seen_and_the_request_not_made_again(
    provider: LLMock, api: str, fault: str, code: str
) -> None:
    if fault == "stall":
        provider.stall(seconds=4)
    elif fault.isdigit():
        provider.fail(int(fault), times=None, retry_after=3 if fault == "429" else None)
    else:
        getattr(provider, fault)()
    async with open_model(
        "", api, token_timeout=1 if fault == "stall" else 30, **settings(provider)
    ) as model:
        with pytest.raises(StorywireError) as caught:
            await read(model)
    assert caught.value.code == code
    if fault == "429":
        assert "Try again in 3 seconds." in caught.value.message
    assert len(provider.requests) == 1
