"""The replies without tokens: OpenAI's moderation, and the lists of models."""

from typing import Any

from tests.fakes.ask import Ask, join_content

Json = dict[str, Any]

OPENAI_MODELS = ("gpt-5-mini", "gpt-4.1-mini")
GEMINI_MODELS = ("gemini-3.5-flash", "gemini-2.5-flash")
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def read_moderation(body: Json) -> Ask:
    """The call in a `POST /v1/moderations` body."""
    return Ask(
        api="moderations",
        model=body.get("model", "omni-moderation-latest"),
        prompt_text="\n\n".join(_read_inputs(body)),
        body=body,
    )


def _read_inputs(body: Json) -> list[str]:
    given = body.get("input", "")
    if isinstance(given, str):
        return [given]
    # A list of strings is many inputs; a list of parts is one.
    return given if all(isinstance(entry, str) for entry in given) else [join_content(given)]


def moderate(ask: Ask, flagged: dict[str, str], score: float) -> Json:
    """One result an input: the categories of the words in `flagged` that occur in it, else nothing."""
    results = [_judge(text, flagged, score) for text in _read_inputs(ask.body)]
    return {"id": "modr-storywire", "model": ask.model, "results": results}


def _judge(text: str, flagged: dict[str, str], score: float) -> Json:
    found = {category for word, category in flagged.items() if word.lower() in text.lower()}
    return {
        "flagged": bool(found),
        "categories": {name: name in found for name in CATEGORIES},
        "category_scores": {name: score if name in found else 0.0001 for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }


def list_openai(models: tuple[str, ...] | None) -> Json:
    """The body of `GET /v1/models`."""
    data = [
        {"id": name, "object": "model", "created": 1750000000, "owned_by": "system"}
        for name in models or OPENAI_MODELS
    ]
    return {"object": "list", "data": data}


def list_gemini(models: tuple[str, ...] | None) -> Json:
    """The body of `GET /v1beta/models`."""
    return {"models": [_describe_gemini(name) for name in models or GEMINI_MODELS]}


def _describe_gemini(name: str) -> Json:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
