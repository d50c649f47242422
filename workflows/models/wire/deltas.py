"""Deltas that a chunk is made of."""

from contextvars import ContextVar

deltas_of_chunk: ContextVar[int] = ContextVar("deltas_of_chunk", default=1)
"""Of how many deltas the chunk is made that is read at this moment. Providers send a token in each, so a chunk of
several joined ones is several tokens, and LangChain has no place for that number."""
