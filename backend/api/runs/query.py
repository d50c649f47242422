"""Conversion of a query string to a format's input. Pure.

Fields of a nested model are written flat (`age=7` is `reader.age`), lists as `interests=cats,stars`
or by repeating the name.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from workflows.errors import MOST_ERRORS, FieldError, InvalidInput
from workflows.formats.base import invalid_input


def read_query(
    params: Mapping[str, Sequence[str]], model: type[BaseModel], beside: Iterable[str] = ()
) -> dict[str, Any]:
    """The query's values at their places in `model`, which validates them later.

    Raises InvalidInput for a name that isn't there, which lists those of the model, and those that are read `beside`
    it.
    """
    places = _places(model)
    given: dict[str, Any] = {}
    unknown = [name for name in params if name not in places]
    if unknown:
        message = f"there is no such parameter; there is {', '.join(sorted(places))}"
        if others := ", ".join(sorted(set(beside) - places.keys())):
            message += f"; and beside the input {others}"
        found = tuple(FieldError(name, message) for name in unknown[:MOST_ERRORS])
        raise InvalidInput(f"{unknown[0][:64]}: {message}", found)
    for name, values in params.items():
        *path, last = places[name].path
        target = given
        for step in path:
            target = target.setdefault(step, {})
        target[last] = _value(values, many=places[name].many)
    return given


def typed(given: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What a query says, which has nothing but strings, as JSON of the model's types. Raises InvalidInput."""
    try:
        return model.model_validate(given, strict=False).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        raise invalid_input(error) from None


class _Place:
    def __init__(self, path: tuple[str, ...], *, many: bool) -> None:
        self.path = path
        self.many = many


def _places(model: type[BaseModel], path: tuple[str, ...] = ()) -> dict[str, _Place]:
    """Places by parameter name; an outer name wins over the same inner one."""
    places: dict[str, _Place] = {}
    for name, info in model.model_fields.items():
        nested = _model_in(info.annotation)
        if nested is not None:
            places = {**_places(nested, (*path, name)), **places}
        elif not _holds_models(info.annotation):
            places[name] = _Place((*path, name), many=_is_list(info.annotation))
    return places


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in the type of a field, if any."""
    kinds = (annotation,) if get_origin(annotation) is None else get_args(annotation)
    if get_origin(annotation) not in (None, Union, UnionType):
        return None
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _holds_models(annotation: Any) -> bool:
    """Whether it is a list of models, which no query can express."""
    return any(
        isinstance(kind, type) and issubclass(kind, BaseModel)
        for part in (annotation, *get_args(annotation))
        if get_origin(part) is list
        for kind in get_args(part)
    )


def _is_list(annotation: Any) -> bool:
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


def _value(values: Sequence[str], *, many: bool) -> Any:
    if not many:
        return values[-1]
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
