"""Connections are shared by a provider's models, bounded by the providers there are, and closed at the end."""

from typing import Any

import pytest

from tests.models import settings_of
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.clients.providers import ProviderClients
from workflows.models.embedded.process import Endpoint
from workflows.models.spec import ModelLabels, ModelSpec
from workflows.models.wire.bodies.stream_turns import StreamTurns

NOWHERE = "http://127.0.0.1:9"


def clients() -> ProviderClients:
    return ProviderClients(settings_of(NOWHERE), StreamTurns())


async def test_connections_are_as_many_as_providers_whatever_models_are_named() -> None:
    opened = clients()
    chats: list[Any] = [opened.open(ModelSpec("groq", str(number))).chat for number in range(50)]
    other: Any = opened.open(ModelSpec("openai", "x")).chat
    assert len({id(chat.http_async_client) for chat in chats}) == 1
    assert other.http_async_client is not chats[0].http_async_client
    assert [chat.model_name for chat in chats[:2]] == ["0", "1"] and chats[0].max_retries == 0
    await opened.close()
    assert chats[0].http_async_client.is_closed and other.http_async_client.is_closed


async def test_models_of_gemini_share_one_client_and_keep_their_names() -> None:
    opened = clients()
    first, second = (opened.open(ModelSpec("google_genai", name)) for name in ("gemini-a", "gemini-b"))
    one: Any = first.chat
    two: Any = second.chat
    assert (one.model, two.model) == ("gemini-a", "gemini-b") and one.client is two.client
    assert first.disconnect is not None
    await opened.close()


async def test_client_of_the_embedded_model_is_another_after_each_of_its_starts() -> None:
    opened, spec = clients(), ModelSpec("embedded", "small")
    endpoints = [Endpoint(f"{NOWHERE}/v1", key, "small") for key in ("one", "two")]
    first: Any = opened.open_embedded(spec, endpoints[0]).chat
    again: Any = opened.open_embedded(spec, endpoints[0]).chat
    assert again is first and again.max_retries == 0
    second: Any = opened.open_embedded(spec, endpoints[1]).chat
    await opened.close()
    chats: list[Any] = [first, second]
    for chat in chats:
        assert chat.http_async_client.is_closed and chat.http_client.is_closed


async def test_client_that_cannot_be_closed_keeps_none_of_the_others_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stuck:
        """Its connection is in a bad way."""

        async def aclose(self) -> None:
            raise OSError

    caplog.set_level("WARNING")  # whatever the service of another test has set
    opened = clients()
    opened._closers["stuck"] = Stuck().aclose
    other: Any = opened.open(ModelSpec("openai", "x")).chat
    await opened.close()
    assert other.http_async_client.is_closed and "client_not_closed" in caplog.text


async def test_catalog_that_opened_nothing_closes_nothing() -> None:
    await ModelCatalog(settings_of(NOWHERE)).close()


def test_labels_of_models_are_bounded() -> None:
    labels = ModelLabels(most=2)
    assert [labels.label(name) for name in ("openai:a", "openai:b", "openai:c", "openai:a")] == [
        "openai:a",
        "openai:b",
        "openai:other",
        "openai:a",
    ]
    assert labels.label("replay:/home/somebody/a.jsonl") == "replay:other"
    assert labels.label("nobody:x\n") == "other:other" and labels.label("groq:" + "x" * 500) == "groq:other"


@pytest.mark.parametrize("name", ["openai:\ud83d", "openai:" + "x" * 5000])
def test_name_of_a_model_that_could_not_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        ModelSpec.parse(name)
