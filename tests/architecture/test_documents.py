"""What the documents say is so in the code: settings, messages, codes, routes, commands and links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from backend.api.problems import STATUS
from backend.app import create_app
from backend.settings import CLIENT_VARIABLES, Settings, settings_models
from backend.store.schema.run_values import RunOptions
from tests.architecture.tree import ROOT, committed_texts
from workflows.formats.settings import variables_of
from workflows.messages.messages import Message, OutlinePlanned, UsageUpdated

# Messages of their own: where another one holds them, the page refers to them.
REFERRED = {OutlinePlanned, UsageUpdated}
_CELL = re.compile(r"(?<!\\)\|")
CODE_BLOCK = re.compile(r"^```.*?^```|^ {4}.*?$", re.MULTILINE | re.DOTALL)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in _CELL.split(line)[1:-1]]


# Settings.


def _default(info: FieldInfo) -> str:
    """As it is written in a file `.env`."""
    match info.default:
        case None:
            return ""
        case bool(value):
            return str(value).lower()
        case Path() as path:
            return str(path).replace(str(Path.home()), "${HOME}")
        case float(value) if value.is_integer():
            return str(int(value))
        case value:
            return str(value)


FIELDS = [(model, name) for model in settings_models() for name in model.model_fields]
SETTINGS = {variables_of(model, name)[0]: model.model_fields[name] for model, name in FIELDS}


def test_env_example_holds_every_setting_with_its_default_and_no_other() -> None:
    found = dict(re.findall(r"^# ?([A-Z_]+)=(.*)$", _read(".env.example"), re.MULTILINE))
    assert found == {name: _default(info) for name, info in SETTINGS.items()}


def test_env_example_sets_nothing() -> None:
    assert all(line.startswith("#") for line in _read(".env.example").splitlines() if line)


@pytest.mark.parametrize("name", SETTINGS)
def test_env_example_describes_every_setting(name: str) -> None:
    description = SETTINGS[name].description
    assert description is None or description in " ".join(_read(".env.example").replace("\n# ", " ").split())


def test_settings_page_holds_every_setting_with_its_default_and_no_other() -> None:
    found = {
        cells[0].strip("`"): cells[1].strip("`")
        for cells in _rows(_read("docs/settings.md"))
        if re.fullmatch(r"`[A-Z_]+`", cells[0])
    }
    assert found == {name: _default(info) or "none" for name, info in SETTINGS.items()}


@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_documents_name_every_way_to_set_something(model: type[BaseModel], field: str) -> None:
    for name in variables_of(model, field):
        assert name in _read(".env.example")
        assert f"`{name}`" in _read("docs/settings.md")


def test_documents_name_settings_that_exist() -> None:
    known = {name for model, field in FIELDS for name in variables_of(model, field)} | CLIENT_VARIABLES
    for path, text in _documents().items():
        assert set(re.findall(r"STORYWIRE_[A-Z_]+", text)) <= known, path


# Messages.


def _sections(text: str, mark: str) -> dict[str, str]:
    """By heading, without its backticks: what stands below it."""
    parts = re.split(rf"^{mark} (.+)$", text, flags=re.MULTILINE)
    return {title.strip("`"): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def _fields(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`(path, annotation)` of every field: `sections[].title` for a field of the objects in a list."""
    for name, annotation in _annotations(model).items():
        inner = get_args(annotation)[0] if get_origin(annotation) is list else annotation
        path = f"{prefix}{name}[]" if inner is not annotation else f"{prefix}{name}"
        if inner not in REFERRED and _annotations(inner):
            yield from _fields(inner, f"{path}.")
        else:
            yield f"{prefix}{name}", annotation


def _annotations(kind: Any) -> dict[str, Any]:
    """Of a model or a TypedDict; of anything else none."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: info.annotation for name, info in kind.model_fields.items()}
    return get_type_hints(kind) if is_typeddict(kind) else {}


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (str(value) for value in get_args(annotation) if isinstance(value, str))
    else:
        for part in get_args(annotation):
            yield from _choices(part)


MESSAGES = {kind.type: kind for kind in get_args(Message)}


def test_protocol_describes_every_message_and_no_other() -> None:
    described = _sections(_sections(_read("docs/protocol.md"), "##")["Messages"], "###")
    assert set(described) == set(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES)
def test_protocol_describes_every_field_and_value_of_a_message(kind: str) -> None:
    described = _sections(_sections(_read("docs/protocol.md"), "##")["Messages"], "###")[kind]
    fields = dict(_fields(MESSAGES[kind]))
    assert [cells[0].strip("`") for cells in _rows(described)] == list(fields)
    for annotation in fields.values():
        for value in _choices(annotation):
            assert f"`{value}`" in described, value


def test_protocol_gives_every_code_its_status() -> None:
    errors = _sections(_read("docs/protocol.md"), "##")["Errors"]
    assert {cells[0].strip("`"): int(cells[1]) for cells in _rows(errors)} == STATUS


def test_protocol_describes_every_run_option_with_its_default() -> None:
    options = _sections(_read("docs/protocol.md"), "##")["Run options"]
    assert [cells[0].strip("`") for cells in _rows(options)] == list(RunOptions.model_fields)


def test_protocol_names_every_route_of_the_openapi_document() -> None:
    text = _read("docs/protocol.md")
    for path, operations in create_app(Settings(_env_file=None)).openapi()["paths"].items():
        for method in operations:
            assert re.search(rf"`{method.upper()} {re.escape(path)}[`?]", text), f"{method.upper()} {path}"


# Commands and links.


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", _read("Makefile"), re.MULTILINE))


def _documents() -> dict[Path, str]:
    return {path: text for path, text in committed_texts().items() if path.suffix == ".md"}


def test_documents_name_tasks_that_make_knows() -> None:
    for path, text in _documents().items():
        if path.is_relative_to("workflows"):  # prompts, which speak of other things
            continue
        named = set(re.findall(r"(?:`|^ {4}|^\S*…\s+)make ([a-z]+)", text, re.MULTILINE))
        assert named <= _targets(), path


def test_documents_name_tests_that_exist() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", _read("docs/scaling.md")))
    assert len(named) > 20 and named <= set(re.findall(r"^(?:async )?def (test_\w+)\(", tests, re.MULTILINE))


def test_readme_shows_the_two_commands() -> None:
    readme = _read("README.md")
    assert re.search(r"^    make run\b", readme, re.MULTILINE)
    assert re.search(r"^    make test\b", readme, re.MULTILINE)


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _anchors(text: str) -> set[str]:
    return {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", text), re.MULTILINE)}


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for path, text in _documents().items():
        for link in re.findall(r"\]\(([^)\s]+)\)", CODE_BLOCK.sub("", text)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (ROOT / path).parent / name if name else ROOT / path
            if not target.exists():
                dead.append(f"{path}: {link}")
            elif anchor and anchor not in _anchors(target.read_text(encoding="utf-8")):
                dead.append(f"{path}: {link} (no such heading)")
    assert not dead


def test_rows_of_tables_have_the_columns_of_their_heading() -> None:
    odd = []
    for path, text in _documents().items():
        for table in re.findall(r"(?:^\|.*\n)+", CODE_BLOCK.sub("", text), re.MULTILINE):
            heading, *rows = table.splitlines()
            odd += [f"{path}: {row}" for row in rows if len(_CELL.split(row)) != len(_CELL.split(heading))]
    assert not odd


# Decisions.

ADRS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
_STATUS = r"(?:accepted(?:, in part superseded by \d{4})?|superseded by \d{4})"


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.name)
def test_decision_has_number_title_status_and_date_and_stands_in_the_index(path: Path) -> None:
    number = path.name[:4]
    heading, _, status, *_ = path.read_text(encoding="utf-8").splitlines()
    title = re.fullmatch(rf"# {number}\. (.+)", heading)
    said = re.fullmatch(rf"Status: ({_STATUS}) · Date: (\d{{4}}-\d\d-\d\d)", status)
    assert title is not None and said is not None
    row = f"| [{number}]({path.name}) | {title[1]} | {said[1]} | {said[2]} |"
    assert row in _read("docs/adr/README.md").splitlines()


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


# Benchmarks.


def test_every_benchmark_is_run_by_name_and_described() -> None:
    about = _read("benchmarks/README.md").partition("## Last measured")[0]
    described = [row[0].strip("`") for row in _rows(about)]
    modules = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if re.search(r"^async def run\(\) -> Rows:$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = re.findall(r'^    "(\w+)": \1\.run,$', _read("benchmarks/__main__.py"), re.MULTILINE)
    assert described == named and set(named) == modules
