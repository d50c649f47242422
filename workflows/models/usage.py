"""What a call of a model cost, told by the call itself."""

from collections.abc import Callable
from typing import Any, Literal, NotRequired

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from typing_extensions import TypedDict

Role = Literal["outline", "writing", "derived", "judge"]
"""What a model is called for."""


class Spending(TypedDict):
    """Stream item: the tokens of one call. `model` is provider:model; `section` where it wrote or judged one."""

    kind: Literal["spending"]
    model: str
    role: Role
    section: NotRequired[int]
    input_tokens: int
    output_tokens: int


class UsageReport(AsyncCallbackHandler):
    """Tells what each call of one model cost, as the provider counts it. A callback: whatever calls the
    model, and however the SDK streams, the count comes by here."""

    run_inline = True  # otherwise LangChain makes a task of every token

    def __init__(self, tell: Callable[[Spending], None], model: str, role: Role, section: int | None) -> None:
        self._tell = tell
        self._model = model
        self._role = role
        self._section = section

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """A call ended: its provider may have said what it used."""
        del kwargs
        message = getattr(response.generations[0][0], "message", None)
        usage = message.usage_metadata if isinstance(message, AIMessage) else None
        if usage is None:
            return
        spending = Spending(
            kind="spending",
            model=self._model,
            role=self._role,
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
        )
        if self._section is not None:
            spending["section"] = self._section
        self._tell(spending)
