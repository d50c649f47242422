"""What the fake provider answers: plain data, so that it travels as JSON to a provider in another process."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from pydantic import TypeAdapter

Api = Literal["chat", "responses", "gemini", "moderations", "models"]

FaultKind = Literal[
    "status",  # the HTTP status in `status`; inside a stream that has begun, the API's own error event
    "bad_key",  # what each API says to a wrong key: 401 from OpenAI, 400 API_KEY_INVALID from Gemini
    "hang",  # says nothing more until the client leaves
    "drop",  # resets the connection (RST)
    "close",  # closes the connection in the middle of the body (FIN)
    "no_finish",  # ends the body cleanly, but with no finish reason
    "length",  # finish reason `length`
    "content_filter",  # finish reason `content_filter`; SAFETY in Gemini
    "bad_json",  # a chunk that isn't JSON, then goes on as if nothing had happened
    "empty",  # a complete reply without text
    "refusal",  # a refusal in the API's own form; in Gemini a blocked prompt
]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a reply.

    `after` counts tokens: None is before the first byte of the response (for the kinds that end or mark the
    text: after all of it), 0 is after the response headers, K after K tokens. `times` limits the fault to the
    first so many calls that meet it; later ones get the whole reply, so that a resumed run succeeds.
    """

    kind: FaultKind
    after: int | None = None
    times: int | None = None
    status: int = 500
    retry_after: float | None = None  # seconds; sent with status 429 and 503
    code: str | None = None  # the error code in the body, where the usual one won't do
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts to report instead of the counted ones."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. A field that is None is taken from the script's default reply.

    `text` is given as it is, also to a call that asks for JSON; with `words` it is repeated until it has that
    many, `{i}` in it counting the repetitions from 1. `json` answers structured calls, forced tool calls and
    moderations. `delta` is what each token of a text is sent as in a stream of the chat API, instead of itself.
    `scale` makes prose so many times as long as the prompt asks for, and `last_sentence` ends it. With none of
    these, prose or an object that fits the schema is made up from the prompt. A chunk has `tokens_per_chunk`: by itself
    one, and more where an object goes out as fast as possible. `pace` is tokens a second, 0 as fast as possible: then
    `burst` chunks share a write. `hold_after` stops after so many tokens (0: after the headers) until
    released. `finish_reason` is `stop`, `length` or `content_filter`; any other goes out as it is.
    """

    text: str | None = None
    words: int | None = None
    scale: float | None = None
    last_sentence: str | None = None
    json: Any = None
    delta: dict[str, Any] | None = None
    tokens_per_chunk: int | None = None
    pace: float | None = None
    burst: int | None = None
    first_token_delay: float | None = None  # seconds
    hold_after: int | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    cites: tuple[tuple[str, str], ...] | None = None  # title and address, where the call may search
    fault: Fault | None = None

    def over(self, default: "Reply") -> "Reply":
        """This reply with every unset field taken from `default`."""
        given = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        return replace(default, **given)


@dataclass(frozen=True, slots=True)
class Rule:
    """A reply for the calls that meet every condition given. No condition at all: every call.

    `contains` and `pattern` (a regular expression, searched) look at the concatenated text of the prompt;
    `structured` tells calls that ask for JSON from calls for prose. `nth` picks one call, counted from 1,
    among those that meet the other conditions. `times` retires the rule after so many uses.
    """

    reply: Reply = field(default_factory=Reply)
    contains: str | None = None
    pattern: str | None = None
    model: str | None = None
    api: Api | None = None
    structured: bool | None = None
    nth: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Rules, tried in order; the first that fits answers, else the default reply.

    `models` are the models there are (None: every name is known), `api_key` the key that is accepted (None:
    any). A call that asks for more than `most_tokens` is refused. `flagged` maps a word to the category that
    moderation finds where the word occurs, `flagged_score` is its score there. `ignores_limits`: a call's own
    limit of tokens counts for nothing, as with some servers. `server` is one of `compatible.py`, in whose words the
    chat API speaks.
    """

    rules: tuple[Rule, ...] = ()
    default: Reply = field(default_factory=Reply)
    models: tuple[str, ...] | None = None
    api_key: str | None = None
    flagged: dict[str, str] = field(default_factory=dict)
    flagged_score: float = 0.97
    ignores_limits: bool = False
    most_tokens: int | None = None
    server: str | None = None


_ADAPTER = TypeAdapter(Script)


def dump_script(script: Script) -> bytes:
    """The script as JSON."""
    return _ADAPTER.dump_json(script)


def load_script(data: bytes | str) -> Script:
    """The script in this JSON. Raises pydantic.ValidationError where it isn't one."""
    return _ADAPTER.validate_json(data)
