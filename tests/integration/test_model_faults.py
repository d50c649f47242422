"""Whatever breaks at a provider, over real HTTP: one request, a code of the protocol, a sentence to act on."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from tests.fakes.insecure import self_signed, serve_insecure
from tests.fakes.provider import FakeProvider, refuse_port
from tests.fakes.script import Fault, FaultKind, Reply, Script
from tests.models import APIS, KEY, SPECS, Verdict, open_model
from workflows.errors import StorywireError
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.catalog import Model

WISH = [HumanMessage("Write about 60 words.")]
HANG = 1.5  # seconds that a silent provider is borne here


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """One for the whole table: it runs in a thread of its own."""
    running = FakeProvider()
    running.start()
    yield running
    running.stop()


async def listen(model: Model, heard: list[str]) -> None:
    """What a section does."""
    async for delta in stream_text(model, WISH):
        heard.append(delta)


Case = tuple[FaultKind, int, int | None, str, str]

# kind, status, tokens before it, the code, and what the sentence says
FAULTS: list[Case] = [
    ("status", 400, None, "MODEL_BAD_OUTPUT", "refused"),
    ("bad_key", 0, None, "MODEL_AUTH", "_API_KEY"),
    ("status", 401, None, "MODEL_AUTH", "_API_KEY"),
    ("status", 403, None, "MODEL_AUTH", "what the key may use"),
    ("status", 404, None, "MODEL_NOT_CONFIGURED", "knows no model"),
    ("status", 429, None, "MODEL_RATE_LIMITED", "Try again in 7 seconds."),
    ("status", 500, None, "MODEL_UNAVAILABLE", "Try again later"),
    ("status", 503, None, "MODEL_UNAVAILABLE", "_BASE_URL"),
    ("hang", 0, None, "MODEL_TIMEOUT", "too long"),
    ("drop", 0, None, "MODEL_UNAVAILABLE", "Try again later"),
    ("close", 0, None, "MODEL_UNAVAILABLE", "Try again later"),
    ("empty", 0, None, "MODEL_BAD_OUTPUT", ""),
]
IN_MID_STREAM: list[Case] = [
    ("status", 429, 3, "", ""),  # by what each API can still say in mid-stream: see `MID_STREAM_LIMIT`
    ("status", 503, 3, "MODEL_UNAVAILABLE", ""),
    ("hang", 0, 3, "MODEL_TIMEOUT", "too long"),
    ("drop", 0, 3, "MODEL_UNAVAILABLE", "Try again later"),
    ("close", 0, 3, "MODEL_UNAVAILABLE", "Try again later"),
    ("bad_json", 0, 3, "MODEL_UNAVAILABLE", ""),
    ("no_finish", 0, 3, "MODEL_TRUNCATED", "broke off"),
    ("length", 0, 3, "MODEL_TRUNCATED", "length limit"),
    ("content_filter", 0, 3, "SAFETY_REJECTED", "content filter"),
]
MID_STREAM_LIMIT = {
    "chat": "MODEL_RATE_LIMITED",
    "responses": "MODEL_UNAVAILABLE",
    "gemini": "MODEL_RATE_LIMITED",
}
REFUSALS = {"chat": "MODEL_BAD_OUTPUT", "responses": "MODEL_BAD_OUTPUT", "gemini": "SAFETY_REJECTED"}


def _name(case: object) -> str:
    return "-".join(str(part) for part in case[:3] if part) if isinstance(case, tuple) else str(case)


async def check(
    provider: FakeProvider, api: str, fault: Fault, call: Callable[[Model], Awaitable[object]]
) -> StorywireError:
    """The error of one call that meets the fault; exactly one request was made for it."""
    provider.script = Script(default=Reply(fault=fault))
    seen = len(provider.calls)
    waiting = HANG if fault.kind == "hang" else 20
    async with open_model(provider.root_url, api, token_timeout=waiting, answer_timeout=waiting) as model:
        with pytest.raises(StorywireError) as caught:
            await call(model)
    (request,) = provider.calls[seen:]
    assert KEY not in caught.value.message and request.api_key == ("none" if api == "ollama" else KEY)
    return caught.value


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("case", FAULTS + IN_MID_STREAM, ids=_name)
async def test_stream_that_breaks_is_told_by_its_code_after_one_request(
    provider: FakeProvider, api: str, case: Case
) -> None:
    kind, status, after, code, says = case
    heard: list[str] = []
    fault = Fault(kind, after=after, status=status, retry_after=7 if status == 429 else None)
    error = await check(provider, api, fault, lambda model: listen(model, heard))
    assert error.code == (code or MID_STREAM_LIMIT[api])
    assert says in error.message and (SPECS[api] in error.message)
    assert "".join(heard) == "".join(provider.calls[-1].tokens[: after or 0])


@pytest.mark.parametrize("api", APIS)
async def test_stream_of_a_model_that_refuses_is_told_as_the_provider_means_it(
    provider: FakeProvider, api: str
) -> None:
    error = await check(provider, api, Fault("refusal"), lambda model: listen(model, []))
    assert error.code == REFUSALS[api]
    assert "refused to write this" in error.message or api == "gemini"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "case",
    [
        *FAULTS,
        ("drop", 0, 0, "MODEL_UNAVAILABLE", "Try again later"),
        ("close", 0, 0, "MODEL_UNAVAILABLE", "Try again later"),
        ("bad_json", 0, None, "MODEL_UNAVAILABLE", ""),
        ("no_finish", 0, None, "MODEL_TRUNCATED", "broke off"),
        ("length", 0, 3, "MODEL_TRUNCATED", "length limit"),
        ("content_filter", 0, 3, "SAFETY_REJECTED", "content filter"),
        ("refusal", 0, None, "", ""),
    ],
    ids=_name,
)
async def test_answer_that_breaks_is_told_by_its_code_after_one_request(
    provider: FakeProvider, api: str, case: Case
) -> None:
    kind, status, after, code, says = case
    fault = Fault(kind, after=after, status=status, retry_after=7 if status == 429 else None)
    error = await check(provider, api, fault, lambda model: ask(model, Verdict, WISH))
    assert error.code == (code or REFUSALS[api])
    assert says in error.message


@pytest.mark.parametrize("api", SPECS)
async def test_no_client_of_any_provider_tries_anything_again(provider: FakeProvider, api: str) -> None:
    for status in (408, 409, 429, 500, 503):
        await check(provider, api, Fault("status", status=status), lambda model: listen(model, []))
        await check(provider, api, Fault("status", status=status), lambda model: ask(model, Verdict, WISH))


async def test_account_without_credit_is_told_so(provider: FakeProvider) -> None:
    fault = Fault("status", status=429, code="insufficient_quota", message="You exceeded your current quota")
    error = await check(provider, "chat", fault, lambda model: listen(model, []))
    assert error.code == "MODEL_RATE_LIMITED" and "out of credit. Look at" in error.message


@pytest.mark.parametrize("api", APIS)
async def test_provider_that_refuses_the_connection_is_told_with_its_setting(api: str) -> None:
    with refuse_port() as port:
        async with open_model(f"http://127.0.0.1:{port}", api) as model:
            with pytest.raises(StorywireError) as caught:
                await listen(model, [])
            with pytest.raises(StorywireError) as again:
                await ask(model, Verdict, WISH)
    assert caught.value.code == again.value.code == "MODEL_UNAVAILABLE"
    assert "_BASE_URL" in caught.value.message


@pytest.mark.parametrize("is_tls", [True, False], ids=["self-signed", "no-tls"])
@pytest.mark.parametrize("api", APIS)
async def test_connection_that_is_not_secure_is_given_up_at_once(
    tmp_path: Path, api: str, is_tls: bool
) -> None:
    tls = self_signed(tmp_path) if is_tls else None
    async with serve_insecure(tls) as (url, seen), open_model(url, api) as model:
        with pytest.raises(StorywireError) as caught:
            await listen(model, [])
    assert caught.value.code == "MODEL_UNAVAILABLE"
    assert "TLS" in caught.value.message and "_BASE_URL" in caught.value.message
    assert len(seen) == 1
