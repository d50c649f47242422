"""The API reference: the OpenAPI document as a page that loads nothing, from here or from elsewhere, but its style."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from backend.api.page import PAGE_HEADERS

_HERE = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True)
_METHODS = ("get", "head", "post", "put", "patch", "delete")
_PREFIX = "#/components/schemas/"
_CODE = re.compile(r"`([^`]+)`")

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def reference(request: Request) -> HTMLResponse:
    """The reference of this very service, with the formats that are installed."""
    app = request.app
    if not hasattr(app.state, "reference"):
        app.state.reference = render(app.openapi())
    return HTMLResponse(app.state.reference, headers={**PAGE_HEADERS, "Cache-Control": "no-cache"})


@router.get("/docs/style.css")
async def style() -> FileResponse:
    """The page's style."""
    return FileResponse(_HERE / "reference.css", media_type="text/css", headers={"Cache-Control": "no-cache"})


def render(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                group = next(iter(operations[method].get("tags", ())), "service")
                groups.setdefault(group, []).append(_operation(path, method, operations[method]))
    schemas = document.get("components", {}).get("schemas", {})
    return _PAGES.get_template("reference.html").render(
        title=document["info"]["title"],
        version=document["info"]["version"],
        summary=document["info"].get("summary", ""),
        groups=groups,
        schemas=[_schema(name, schema) for name, schema in sorted(schemas.items())],
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "description": _prose(operation.get("description", "")),
        "parameters": [
            {
                "name": each["name"],
                "place": each["in"],
                "type": _type(each["schema"]),
                "is_required": each.get("required", False),
                "description": _prose(each.get("description", "")),
            }
            for each in operation.get("parameters", ())
        ],
        "bodies": list(_contents(operation.get("requestBody", {}))),
        "responses": [
            {
                "status": status,
                "description": _prose(response.get("description", "")),
                "contents": list(_contents(response)),
            }
            for status, response in operation["responses"].items()
        ],
    }


def _contents(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for media_type, content in holder.get("content", {}).items():
        yield {"media_type": media_type, "type": _type(content.get("schema", {}))}


def _schema(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        "name": name,
        "description": _prose(schema.get("description", "")),
        "type": "" if "properties" in schema else _type(schema),
        "fields": [
            {
                "name": field,
                "type": _type(each),
                "is_required": field in required,
                "description": _prose(each.get("description", "")),
            }
            for field, each in schema.get("properties", {}).items()
        ],
    }


def _type(schema: dict[str, Any]) -> Markup:
    """What a value looks like, with a link to each schema that has a name."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_PREFIX)
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "const" in schema:
        return Markup("<code>{}</code>").format(schema["const"])
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return Markup(" | ").join(_type(option) for option in options)
    if schema.get("type") == "array":
        return Markup("array of {}").format(_type(schema.get("items", {})))
    return escape(schema.get("type", "anything"))


def _prose(text: str) -> Markup:
    """A description with its `code`."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(" ".join(text.split())))))
