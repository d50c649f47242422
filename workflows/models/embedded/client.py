"""Chat model client of the embedded model's process.

The sampling values were found by trial on some hundred stories; a model this small repeats itself with the
usual ones. `PROSE` and `STRUCTURED` are arguments of one call, so that one chat model serves both.
"""

from typing import TYPE_CHECKING, Any

import httpx2
from langchain_core.exceptions import OutputParserException
from pydantic import SecretStr, ValidationError

from workflows.models.embedded.process import Endpoint

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

# DRY ("don't repeat yourself") forbids what the text already said; only the end of the reply may recur.
PROSE: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 1.0,
    "frequency_penalty": 0.1,
    "extra_body": {
        "min_p": 0.08,
        "top_k": 40,
        "repeat_penalty": 1.05,
        "repeat_last_n": 256,
        "dry_multiplier": 0.8,
        "dry_base": 1.75,
        "dry_allowed_length": 2,
        "dry_penalty_last_n": 1024,
        "dry_sequence_breakers": ["<|im_end|>"],
    },
}
# JSON has to repeat its own quotes and commas, so no DRY here.
STRUCTURED: dict[str, Any] = {
    "temperature": 0.5,
    "frequency_penalty": 0.0,
    "extra_body": {"min_p": 0.1, "repeat_penalty": 1.05},
}


def chat_model(endpoint: Endpoint, **sampling: Any) -> "ChatOpenAI":
    """A streaming chat model that reports its usage and never retries; `sampling` overrides `PROSE`."""
    from langchain_openai import ChatOpenAI  # half a second, also for those who only read the values above

    # The server closes the connection after a streamed reply, so a kept one fails at its next use.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    # The server is on this machine: no proxy from the environment, and no certificates to load.
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=SecretStr(endpoint.api_key),
        http_async_client=httpx2.AsyncClient(limits=limits, trust_env=False, verify=False, timeout=None),
        http_client=httpx2.Client(limits=limits, trust_env=False, verify=False, timeout=None),
        openai_proxy="",
        max_retries=0,
        streaming=True,
        stream_usage=True,
        # The time that a caller waits in the queue is for the caller to limit.
        stream_chunk_timeout=None,
        use_responses_api=False,
        **(PROSE | sampling),
    )


def misses_the_form(error: Exception) -> bool:
    """Whether an answer doesn't match its schema, or was cut off at the length limit."""
    from openai import LengthFinishReasonError  # loaded by whoever has a chat model

    return isinstance(error, OutputParserException | ValidationError | LengthFinishReasonError)
