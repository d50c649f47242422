"""The OpenAPI document: FastAPI's, with the problems of all operations and the schema of the stream."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.api.problems import STATUS
from backend.api.schema.refusals import refusals_of
from backend.api.security.routes_access import access_to, run_read_at, starts_by_get
from backend.settings import Settings
from workflows.formats.registry import list_formats
from workflows.messages.messages import StoryChunk
from workflows.safety.policies.registry import PolicyRegistry

_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete"})
_PREFIX = "#/components/schemas/"

_PROBLEM = {"application/problem+json": {"schema": {"$ref": f"{_PREFIX}Problem"}}}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
_PROBLEM_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:storywire:problem:…"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(STATUS)},
        "detail": {"type": "string", "description": "A sentence for a person"},
        "errors": {
            "type": "array",
            "description": "The fields at fault, where it is about fields",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "run_id": {
            "type": "string",
            "description": "The run that failed while somebody waited for its result",
        },
        "resumable": {"type": "boolean"},
        "partial": {"type": "object"},
    },
}


_WIRE_SCHEMAS: dict[str, dict[str, Any]] = {
    "UIMessageChunk": {
        "type": "object",
        "description": "A chunk of the AI SDK's UI message stream, in the `data` of a frame; docs/wires.md",
        "required": ["type"],
        "properties": {"type": {"type": "string", "examples": ["start", "text-delta", "data-progress"]}},
    },
    "AgUiEvent": {
        "type": "object",
        "description": "An event of AG-UI 1.0, in the `data` of a frame; docs/wires.md",
        "required": ["type"],
        "properties": {"type": {"type": "string", "examples": ["RUN_STARTED", "TEXT_MESSAGE_CONTENT"]}},
    },
    "LangGraphEvent": {
        "type": "object",
        "description": "An event of LangGraph's Agent Streaming Protocol, in the `data` of a frame; docs/wires.md",
        "required": ["type", "event_id", "seq", "method", "params"],
        "properties": {
            "type": {"const": "event"},
            "event_id": {"type": "string", "description": "The same on every connection"},
            "seq": {"type": "integer", "description": "The event's number in its thread"},
            "method": {
                "enum": ["lifecycle", "checkpoints", "values", "messages", "custom", "input.requested"]
            },
            "params": {
                "type": "object",
                "required": ["namespace", "timestamp", "data"],
                "properties": {
                    "namespace": {"type": "array", "items": {"type": "string"}},
                    "timestamp": {"type": "integer", "description": "Milliseconds since 1970"},
                    "node": {"type": "string"},
                    "data": {"type": "object"},
                },
            },
        },
    },
}
"""The messages of other wires, as far as they have one form."""


_SECURITY_SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-storywire",
        "description": "POST /api/v1/auth/login",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or an API key with the scope",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "POST /api/v1/stream-tickets",
    },
}


def _security(method: str, path: str) -> list[dict[str, list[str]]]:
    """What lets a caller in, in a service with accounts. Scopes are of API keys."""
    wanted = access_to(method.upper(), path)
    if wanted.is_public:
        return []
    schemes: list[dict[str, list[str]]] = [
        {"session": []},
        {"bearer": [*wanted.scopes]},
    ]
    if run_read_at(path) is not None or starts_by_get(method.upper(), path):
        schemes.append({"ticket": []})
    return schemes


def describe(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The document, made once. What is installed stands in it by name: formats with their inputs, and policies."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        chunk = StoryChunk.json_schema(mode="serialization", ref_template=f"{_PREFIX}{{model}}")
        schemas |= chunk.pop("$defs", {})
        schemas |= {"StoryChunk": chunk, "Problem": _PROBLEM_SCHEMA, **_WIRE_SCHEMAS}
        if settings.has_accounts:
            document["components"]["securitySchemes"] = _SECURITY_SCHEMES
        for path, operations in document["paths"].items():
            for method in operations.keys() & _METHODS:
                if settings.has_accounts:
                    operations[method]["security"] = _security(method, path)
                _add_problems(method, path, operations[method], has_accounts=settings.has_accounts)
                for content in operations[method].get("requestBody", {}).get("content", {}).values():
                    _require_discriminator(content["schema"])
                for parameter in operations[method].get("parameters", []):
                    parameter["schema"] = _without_null(parameter["schema"])
        _name_what_is_there(schemas, settings)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(method: str, path: str, operation: dict[str, Any], *, has_accounts: bool) -> None:
    """Says with which errors the operation may answer: those that its route names, and those that follow from what it
    is."""
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own form of it, which no route of ours answers with
    own = {int(status) for status in responses if status.isdecimal() and int(status) >= 400}
    found = refusals_of(method.upper(), path, has_body="requestBody" in operation, has_accounts=has_accounts)
    for status in sorted(own | found):
        why = responses.get(str(status), {}).get("description")
        responses[str(status)] = _problem(status, why, has_body=method != "head")


def _problem(status: int, why: str | None, *, has_body: bool) -> dict[str, Any]:
    codes = sorted(code for code, its in STATUS.items() if its == status) or ["INVALID_INPUT"]
    text = f"A problem (RFC 9457) with the code {' or '.join(codes)}"
    described: dict[str, Any] = {"description": f"{why}. {text}" if why else text}
    if status in (429, 503):
        described["headers"] = _RETRY_AFTER
    return described | ({"content": _PROBLEM} if has_body else {})


def _name_what_is_there(schemas: dict[str, Any], settings: Settings) -> None:
    formats = list_formats()
    for format in formats.values():
        schema = format.Input.model_json_schema(ref_template=f"{_PREFIX}{{model}}")
        schemas |= schema.pop("$defs", {})
        schemas[format.Input.__name__] = schema
    body = schemas["StartBody"]
    body["properties"]["format"]["enum"] = sorted(formats)
    body["oneOf"] = [
        {
            "properties": {
                "format": {"const": name, "description": format.title},
                "input": {
                    "$ref": f"{_PREFIX}{format.Input.__name__}",
                    "description": "The format's own input",
                },
            }
        }
        for name, format in sorted(formats.items())
    ]
    policies = PolicyRegistry(settings.policy_dir).all()
    schemas["CheckBody"]["properties"]["policy"]["enum"] = sorted(policy.name for policy in policies)


def _require_discriminator(schema: dict[str, Any]) -> None:
    """What tells the kinds of a body apart must be there, though each kind has it by default."""
    if (discriminator := schema.get("discriminator")) is not None:
        schema["required"] = [discriminator["propertyName"]]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that may be left out: no address and no header can say null."""
    choices = [choice for choice in schema.get("anyOf", []) if choice.get("type") != "null"]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
