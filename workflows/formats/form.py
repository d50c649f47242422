"""Presentation hints of a format: how its input is asked for and its text is shown. Data, beside the schema."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Widget = Literal[
    "text", "long_text", "number", "slider", "segments", "select", "checkbox", "chips", "lines", "cards", "pairs",
    "stored", "document", "json",
]  # fmt: skip
"""The control of a field. Without a hint it follows from the field's schema."""


class _Hint(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredChoice(_Hint):
    """A choice among things that the service keeps.

    `items` is where the list stands in the reply to `GET path`; `value`, `label` and `description` are dotted paths
    in an item. `inline` is the field of the same input that takes such a thing written out; it is then part of this
    field, and with `create` it can be kept by `POST create`, whose reply has the reference at `value`.
    """

    path: str
    items: str
    value: str = "id"
    label: str = "name"
    description: str | None = None
    inline: str | None = None
    create: str | None = None


class FieldHint(_Hint):
    """Hints for one field. `choices` are words for the values of an enumeration; `unit` stands behind a number."""

    label: str | None = None
    help: str | None = None
    placeholder: str | None = None
    widget: Widget | None = None
    suggestions: list[str] = []
    choices: dict[str, str] = {}
    unit: str | None = None
    stored: StoredChoice | None = None


class FieldGroup(_Hint):
    """Fields that belong together, under a title; `folded` hides them until they are asked for."""

    title: str
    fields: list[str]
    folded: bool = False


class Form(_Hint):
    """The form of a format's input. `fields` are hints by dotted path, where `[]` stands for the items of a list.

    A field that stands in no group comes after the groups. `check` is an address to which the input, even a half-typed
    one, is posted for tips: `{ok, tips: [{field, severity, message}], words, plan: [{title, range, words}]}`.
    """

    heading: str
    lede: str = ""
    submit: str = "Write it"
    groups: list[FieldGroup] = []
    fields: dict[str, FieldHint] = {}
    check: str | None = None


class TextDisplay(_Hint):
    """Display of the text. `turns`: each line is `LABEL: words` of a speaker. `markdown`: headings, lists, tables and
    emphasis are shown as such. `words_a_minute`: the pace at which it is spoken, for a clock beside each section."""

    turns: bool = False
    markdown: bool = False
    words_a_minute: int | None = None


class Presentation(_Hint):
    """Hints for user interfaces: the form of the input, and the display of the text. `chat_field` is the field that a
    chat's message is; without it the first text that the input must have."""

    form: Form
    reading: TextDisplay = TextDisplay()
    chat_field: str | None = None
