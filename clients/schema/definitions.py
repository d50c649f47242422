"""The types that clients share with the service, as JSON Schema definitions named as clients name them."""

from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from backend.api.runs.views import RunPage, RunSummaryView, RunView, StartedRun
from backend.runs.admission.resume_quote import ResumeQuote
from backend.store.schema.run_values import RunOptions
from workflows.formats.registry import list_formats
from workflows.messages.messages import StoryChunk

Schema = dict[str, Any]
_REF = "#/$defs/"

_NAMES = {"error": "RunError"}  # `Error` is a class of JavaScript
_ANSWERS: dict[str, Any] = {
    "Run": RunView,
    "RunSummary": RunSummaryView,
    "RunPage": RunPage,
    "StartedRun": StartedRun,
    "Quote": ResumeQuote,
}


class _Sent(GenerateJsonSchema):
    """The schema of what the service sends: a field with a default is there all the same."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Whether a field is always there."""
        return field["type"] != "typed-dict-field" or super().field_is_required(field, total)


class Definitions:
    """Named definitions, the messages' types with the name of their data, and the formats' inputs."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}
        self.messages: dict[str, str] = {}
        self.inputs: dict[str, str] = {}
        self._add_messages()
        for name, model in _ANSWERS.items():
            self._add(name, TypeAdapter(model).json_schema(schema_generator=_Sent, mode="serialization"))
        self._add("RunOptions", RunOptions.model_json_schema())
        self._add_inputs()

    def _add_messages(self) -> None:
        schema = StoryChunk.json_schema(schema_generator=_Sent, mode="serialization")
        definitions = schema["$defs"]
        envelopes = {
            kind: definitions.pop(ref.removeprefix(_REF))["properties"]["data"]["$ref"].removeprefix(_REF)
            for kind, ref in schema["discriminator"]["mapping"].items()
        }
        names = {model: _NAMES.get(kind, _pascal(kind)) for kind, model in envelopes.items()}
        self.messages = {kind: names[model] for kind, model in envelopes.items()}
        self._merge(definitions, names)

    def _add_inputs(self) -> None:
        """The inputs of the formats that ship with the service; others bring their own."""
        for name, format in list_formats().items():
            if not type(format).__module__.startswith("workflows.formats."):
                continue
            model: type[BaseModel] = format.Input
            self._add(_pascal(name) + "Input", model.model_json_schema())
            self.inputs[name] = _pascal(name) + "Input"
            if format.path and format.path != name:
                self.inputs[format.path] = _pascal(name) + "Input"

    def _add(self, name: str, schema: Schema) -> None:
        definitions = schema.pop("$defs", {})
        self._merge({**definitions, "": schema}, {"": name})

    def _merge(self, definitions: dict[str, Schema], names: dict[str, str]) -> None:
        for old, schema in definitions.items():
            name = names.get(old, old)
            renamed = _rename(schema, names)
            if self.named.setdefault(name, renamed) != renamed:
                raise ValueError(f"two types are called {name}")


def story_chunk_schema() -> Schema:
    """The JSON Schema of the messages, as the service serves it."""
    return StoryChunk.json_schema(mode="serialization")


def optional(schema: Schema, name: str) -> bool:
    """Whether a property may be left out: it isn't required, or it is null by default (such fields aren't sent)."""
    field = schema["properties"][name]
    return name not in schema.get("required", ()) or ("default" in field and field["default"] is None)


def _rename(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _REF + names.get(item.removeprefix(_REF), item.removeprefix(_REF))
            if key == "$ref"
            else _rename(item, names)
            for key, item in value.items()
        }
    return [_rename(item, names) for item in value] if isinstance(value, list) else value


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
