"""Objects that satisfy a JSON schema, made up from the prompt: what a structured call is answered with."""

import re
from random import Random
from typing import Any

from tests.fakes.pattern import write_match
from tests.fakes.prose import seed_random, write_noun, write_sentence, write_title

Schema = dict[str, Any]

_BAD_NEWS = re.compile(
    r"flag|unsafe|block|reject|violat|danger|harm|fail|error|problem|issue|warning", re.IGNORECASE
)
_FORMATS = {
    "date": "2026-03-14",
    "date-time": "2026-03-14T09:26:53Z",
    "time": "09:26:53Z",
    "uri": "https://example.org/page",
    "email": "reader@example.org",
    "uuid": "6f1c3f0a-2f5b-4c58-9d0e-0b1a2c3d4e5f",
}


def fill_schema(schema: Schema, prompt: str) -> Any:
    """A value that the schema accepts, the same for the same prompt.

    Verdicts come out approving (`approved` true, `flagged` false, no `issues`). An array has as many items as
    the prompt asks for by its name ("4 sections"), else `minItems`, else 3, within its limits; an item's
    `index` is its position. Optional properties are filled too.
    """
    return _Filler(schema, prompt).fill(schema, name="", position=0)


class _Filler:
    def __init__(self, root: Schema, prompt: str) -> None:
        self._definitions = {**root.get("definitions", {}), **root.get("$defs", {})}
        self._prompt = prompt
        self._random = seed_random(prompt, "schema")

    def fill(self, schema: Schema, name: str, position: int) -> Any:
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            # A judge that approves names no fault beside.
            return "none" if "none" in schema["enum"] else self._random.choice(schema["enum"])
        match _type_of(schema):
            case "object":
                return self._fill_object(schema, position)
            case "array":
                return self._fill_array(schema, name)
            case "boolean":
                return not _BAD_NEWS.search(name)
            case "integer":
                return self._fill_integer(schema, name, position)
            case "number":
                return _fill_number(schema, name)
            case "null":
                return None
            case _:
                return _fill_string(schema, name, self._random)

    def _resolve(self, schema: Schema) -> Schema:
        if reference := schema.get("$ref"):
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return self._resolve({**self._definitions[reference.rsplit("/", 1)[-1]], **rest})
        for part in schema.get("allOf", ()):
            schema = _merge(schema, self._resolve(part))
        for choices in (schema.get("anyOf"), schema.get("oneOf")):
            if choices:
                chosen = next((c for c in choices if _type_of(c) != "null"), choices[0])
                return self._resolve({**chosen, "title": schema.get("title", "")})
        return schema

    def _fill_object(self, schema: Schema, position: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {key: self.fill(value, key, position) for key, value in properties.items()}

    def _fill_array(self, schema: Schema, name: str) -> list[Any]:
        items = schema.get("items") or {}
        return [self.fill(items, name, position) for position in range(self._count_items(schema, name))]

    def _count_items(self, schema: Schema, name: str) -> int:
        # Gemini's own schema type writes its 64-bit integers as strings.
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 1000))
        usual = least or (0 if _BAD_NEWS.search(name) else 3)
        asked = re.search(
            rf"(\d+)\s+(?:\w+\s)?{re.escape(name.replace('_', ' '))}\b", self._prompt, re.IGNORECASE
        )
        wanted = int(asked.group(1)) if name and asked else usual
        return max(least, min(most, wanted))

    def _fill_integer(self, schema: Schema, name: str, position: int) -> int:
        least, most = _limits(schema, 0, 100)
        if name.lower() in {"index", "number", "position"}:
            return int(max(least, min(most, position + (1 if least == 1 else 0))))
        wanted = 120 if "word" in name.lower() else self._random.randint(1, 9)
        if "word" in name.lower() and "maximum" not in schema:
            most = max(most, wanted)
        return int(max(least, min(most, wanted)))


def _fill_number(schema: Schema, name: str) -> float:
    least, most = _limits(schema, 0.0, 1.0)
    share = 0.02 if _BAD_NEWS.search(name) else 0.97
    return round(least + (most - least) * share, 4)


def _fill_string(schema: Schema, name: str, random: Random) -> str:
    if pattern := schema.get("pattern"):
        return write_match(pattern, random)
    if known := _FORMATS.get(str(schema.get("format"))):
        return known
    hint = name.lower()
    if "url" in hint or "link" in hint:
        text = "https://example.org/page"
    elif "date" in hint:
        text = "2026-03-14"
    elif hint == "word":
        text = write_noun(random)
    elif "title" in hint or "name" in hint or "word" in hint or "label" in hint:
        text = write_title(random)
    else:
        text = write_sentence(random)
    return _fit_length(text, schema, random)


def _fit_length(text: str, schema: Schema, random: Random) -> str:
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 1_000_000))
    while len(text) < least:
        text = f"{text} {write_sentence(random)}"
    return text if len(text) <= most else text[:most].rstrip().ljust(least, ".")


def _limits(schema: Schema, least: float, most: float) -> tuple[float, float]:
    step = 1 if _type_of(schema) == "integer" else 1e-6
    low = schema.get("minimum", schema["exclusiveMinimum"] + step if "exclusiveMinimum" in schema else least)
    high = schema.get("maximum", schema["exclusiveMaximum"] - step if "exclusiveMaximum" in schema else None)
    return low, max(low, most) if high is None else high


def _type_of(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((entry for entry in kind if entry != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind).lower()


def _merge(left: Schema, right: Schema) -> Schema:
    merged = {**left, **right}
    for key in ("properties",):
        if key in left and key in right:
            merged[key] = {**left[key], **right[key]}
    merged.pop("allOf", None)
    return merged
