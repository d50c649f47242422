"""What is tried with every server that speaks OpenAI's protocol in its own words, and the table of it in the documents.

python -m tests.compatible_servers    writes the table into docs/compatible-servers.md
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from langchain_core.messages import HumanMessage

from tests.fakes.compatible import SERVERS, THOUGHT, CompatibleServer
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Fault, Reply, Script, Usage
from tests.models import Verdict, open_model
from workflows.errors import StorywireError
from workflows.messages.messages import CallUsage
from workflows.models.budget.ledger import Caps, Ledger
from workflows.models.budget.prices import PriceRegistry
from workflows.models.calls.calls import ask, stream_text
from workflows.models.clients.model import Model

PAGE = Path(__file__).resolve().parents[1] / "docs" / "compatible-servers.md"
BEGIN, END = "<!-- table: python -m tests.compatible_servers -->", "<!-- end of the table -->"
ASKED = [HumanMessage("Write about 60 words.")]
STORY = "The moon was quiet.\n\nMaya lit the lamp, and all was well."
COUNTED = Usage(100, 40)
_PROVIDERS = {"Ollama": "ollama", "Groq": "groq"}

Trial = Callable[[FakeProvider, type[CompatibleServer]], Awaitable[bool]]


@asynccontextmanager
async def open_server(
    provider: FakeProvider, server: type[CompatibleServer], reply: Reply
) -> AsyncIterator[Model]:
    """A model behind the server, which gives this reply."""
    provider.script = Script(default=reply, server=server.name)
    kind = _PROVIDERS.get(server.name, "openai_compatible")
    async with open_model(
        provider.root_url, f"{kind}:some-model", structured_modes=f"{kind}:*=json_schema"
    ) as model:
        yield model


async def read(model: Model) -> str:
    """The whole of a streamed text."""
    return "".join([delta async for delta in stream_text(model, ASKED)])


async def try_text(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """A streamed text is told as it is, with one accepted request."""
    async with open_server(provider, server, Reply(text=STORY)) as model:
        text = await read(model)
    return text == STORY and sum(call.status == 200 for call in provider.calls) == 1


async def try_answer(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """An answer in a form is found, whatever is around it."""
    async with open_server(
        provider, server, Reply(json={"approved": True, "notes": ["Well told."]})
    ) as model:
        return await ask(model, Verdict, ASKED) == Verdict(approved=True, notes=["Well told."])


async def try_tool(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """An answer in a form is found in a call of a function."""
    reply = Reply(json={"approved": True, "notes": ["Well told."]})
    provider.script = Script(default=reply, server=server.name)
    kind = _PROVIDERS.get(server.name, "openai_compatible")
    async with open_model(
        provider.root_url, f"{kind}:some-model", structured_modes=f"{kind}:*=tools"
    ) as model:
        return await ask(model, Verdict, ASKED) == Verdict(approved=True, notes=["Well told."])


async def try_thoughts(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """No byte of a thought is text, nor in an answer."""
    async with open_server(provider, server, Reply(text=STORY)) as model:
        text = await read(model)
    written = Reply(json={"approved": True, "notes": [f"<think>{THOUGHT}</think>Well told."]})
    async with open_server(provider, server, written) as model:
        verdict = await ask(model, Verdict, ASKED)
    return THOUGHT.strip() not in text and verdict.notes == ["Well told."]


async def try_usage(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """Tokens are counted once, as the server counts them."""
    spent: list[CallUsage] = []
    async with open_server(provider, server, Reply(text=STORY, usage=COUNTED)) as model:
        await read(model.reporting(spent.append, "writing", 0, Ledger(PriceRegistry())))
    (usage,) = spent
    return (usage.input_tokens, usage.output_tokens, usage.estimated) == (100, 40, None)


async def try_limit(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """A limit of tokens reaches the server under the name that it knows; a refusal is learned from."""
    async with open_server(provider, server, Reply(text=STORY)) as model:
        for _ in range(2):
            ledger = Ledger(PriceRegistry(), Caps(max_output_tokens=500))
            await read(model.reporting(lambda _: None, "writing", 0, ledger))
    accepted = [call.body for call in provider.calls if call.status == 200]
    refused = len(provider.calls) - len(accepted)
    return [body.get(server.limit_field) for body in accepted] == [500, 500] and refused <= 2


async def try_error(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """An error in mid-stream is MODEL_UNAVAILABLE, and keeps what came before."""
    return await _code_of(provider, server, Fault("status", after=3, status=503)) == "MODEL_UNAVAILABLE"


async def try_length(provider: FakeProvider, server: type[CompatibleServer]) -> bool:
    """A reply that hit its limit is MODEL_TRUNCATED, and so is one that just ends."""
    codes = [await _code_of(provider, server, Fault(kind, after=3)) for kind in ("length", "no_finish")]
    return codes == ["MODEL_TRUNCATED"] * 2


async def _code_of(provider: FakeProvider, server: type[CompatibleServer], fault: Fault) -> str | None:
    async with open_server(provider, server, Reply(text=STORY, fault=fault)) as model:
        told = ""
        try:
            async for delta in stream_text(model, ASKED):
                told += delta
        except StorywireError as error:
            return error.code if told and STORY.startswith(told) and error.resumable else "lost"
    return None


TRIALS: dict[str, Trial] = {
    "text": try_text,
    "answer by schema": try_answer,
    "answer by function": try_tool,
    "no thoughts": try_thoughts,
    "tokens": try_usage,
    "limit": try_limit,
    "error in mid-stream": try_error,
    "cut": try_length,
}


async def try_all(provider: FakeProvider) -> dict[str, dict[str, bool]]:
    """Server → trial → whether it went well."""
    results: dict[str, dict[str, bool]] = {}
    for server in SERVERS:
        results[server.name] = {}
        for name, trial in TRIALS.items():
            provider.forget()
            results[server.name][name] = await trial(provider, server)
    return results


def write_table(results: dict[str, dict[str, bool]]) -> str:
    """The table of the page."""
    lines = [f"| server | {' | '.join(TRIALS)} | in its own way |", "|---" * (len(TRIALS) + 2) + "|"]
    for server in SERVERS:
        cells = " | ".join("✓" if results[server.name][name] else "✗" for name in TRIALS)
        lines.append(f"| {server.name} | {cells} | {server.said} |")
    return "\n".join(lines)


def page_with(table: str) -> str:
    """The page, with this table in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


async def main() -> None:
    """Writes the page."""
    async with FakeProvider() as provider:
        PAGE.write_text(page_with(write_table(await try_all(provider))), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
