"""What a call of a model cost, as the stream of a run tells it."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

Role = Literal["outline", "writing", "derived", "judge"]
"""What a model is called for."""


class Spending(TypedDict):
    """Stream item: the tokens of one call. `model` is provider:model; `section` where it wrote or judged one.

    `cost_usd` is left out where the price isn't known. `estimated`: the provider didn't say what it used, so
    the tokens are guessed from the text. `id` is the call's own.
    """

    kind: Literal["spending"]
    id: NotRequired[str]
    model: str
    role: Role
    section: NotRequired[int]
    input_tokens: int
    output_tokens: int
    cached_tokens: NotRequired[int]
    reasoning_tokens: NotRequired[int]
    cost_usd: NotRequired[float]
    estimated: NotRequired[bool]
