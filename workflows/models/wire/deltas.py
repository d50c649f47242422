"""Make-up of the chunk that is read at this moment, as far as LangChain has no place for it."""

from contextvars import ContextVar

deltas_of_chunk: ContextVar[int] = ContextVar("deltas_of_chunk", default=1)
"""Of how many deltas the chunk is made that is read at this moment. Providers send a token in each, so a chunk of
several joined ones is several tokens, and LangChain has no place for that number."""

hidden_of_chunk: ContextVar[str] = ContextVar("hidden_of_chunk", default="")
"""What the chunk has beside its text: thoughts, and arguments of functions. Nobody reads them, everybody pays them, and
LangChain drops them."""
