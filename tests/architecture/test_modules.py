"""How the product's modules are named, sized, documented, and what each may do alone."""

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.extensions import base as extensions
from backend.plugins import HasSettings, HasTables
from tests.architecture.tree import ROOT, modules, parse
from workflows.formats.capabilities import CAPABILITIES

EXTENSION_CAPABILITIES = (
    HasSettings,
    HasTables,
    *(kind for name, kind in vars(extensions).items() if name.startswith("Has") and isinstance(kind, type)),
)
LONGEST = 400
VAGUE = {"utils", "util", "helpers", "helper", "core", "services", "service", "common", "misc"}
SETTINGS = {Path("backend/settings.py"), Path("workflows/models/settings.py")}
# Hands its own environment on to the child process that runs the model; reads no setting from it.
CHILD_PROCESS = Path("workflows/models/embedded")
# Words of a teller's for what the field calls to report, publish, release or restart.
PRIVATE_WORDS = {"tell", "tells", "told", "telling", "brought", "anew", "sight"}
# A docstring's first line says what a thing is: a noun phrase begins with no question, empty quantity or verb.
NO_NOUN = re.compile(
    r"""(?: What | How | Who | Whom | Whose | Which | Whether | Why | When | Where | Is | Are | Can | Do | Does
    | Everything | Everybody | At | Either | Its | Neither | Every | Nothing | Nobody | Not | Once | One | It
    | Adds | Answers | Asks | Begins | Brings | Cancels | Chooses | Cleans | Closes | Decides | Drops | Executes
    | Finds | Follows | Gets | Gives | Goes | Hands | Has | Hears | Holds | Judges | Keeps | Knows | Lets | Listens
    | Looks | Makes | Means | Needs | Opens | Puts | Reads | Refuses | Returns | Rewrites | Says | Sees | Sends
    | Serves | Shows | Signs | Somebody | Starts | Stops | Takes | Tells | Tries | Verifies | Writes)\b""",
    re.VERBOSE,
)

# What is in no room stands at the top, a migration beside the others, and a format of ours in one folder.
CROWDED = {
    *("backend", "workflows", "backend/store/migrations/versions"),
    *(f"workflows/formats/{name}" for name in ("creator_script", "podcast", "story")),
}

# What may follow the plural that a noun phrase begins with.
AFTER_NOUN = frozenset(
    [
        "about",
        "above",
        "across",
        "after",
        "against",
        "among",
        "and",
        "around",
        "as",
        "at",
        "before",
        "behind",
        "below",
        "beside",
        "between",
        "beyond",
        "by",
        "during",
        "for",
        "from",
        "in",
        "into",
        "like",
        "of",
        "off",
        "on",
        "or",
        "over",
        "per",
        "since",
        "than",
        "that",
        "through",
        "to",
        "too",
        "under",
        "until",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "with",
        "within",
        "without",
    ]
)
PARTICIPLE = re.compile(
    r"\w+(?:ed|ing)|cut|found|given|held|kept|known|laid|left|made|put|read|sent|set|shown|spoken|told|written"
)


def test_event_stream_is_read_in_one_file() -> None:
    readers = [
        module for module in modules() if "astream_events" in (ROOT / module).read_text(encoding="utf-8")
    ]
    assert readers == [Path("backend/streaming/events.py")]


def test_routes_work_in_the_threads_that_are_kept_for_callers() -> None:
    routes = [module for module in modules() if module.parts[0] == "backend" and "api" in module.parts]
    strangers = [module for module in routes if "to_thread" in (ROOT / module).read_text(encoding="utf-8")]
    assert routes
    assert not strangers, "work over what callers send goes by `in_turn`: the default threads are the runs'"


def test_environment_is_read_by_the_settings_only() -> None:
    readers = {module for module in modules() if _reads_environment(parse(module))}
    strangers = {module for module in readers - SETTINGS if not module.is_relative_to(CHILD_PROCESS)}
    assert not strangers


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os as o\no.getenv('A')",
        "from os import environ",
        "import os\nos.environb",
    ],
)
def test_environment_search_finds_every_way_to_read_it(source: str) -> None:
    assert _reads_environment(ast.parse(source))


def test_modules_are_named_after_what_they_hold() -> None:
    vague = [module for module in modules() if VAGUE & {part.removesuffix(".py") for part in module.parts}]
    assert not vague


def test_modules_are_read_in_one_sitting() -> None:
    lengths = {module: len((ROOT / module).read_text(encoding="utf-8").splitlines()) for module in modules()}
    too_long = {str(module): length for module, length in lengths.items() if length > LONGEST}
    assert not too_long


def test_rooms_hold_at_most_a_dozen_modules() -> None:
    rooms = Counter(str(module.parent) for module in modules() if module.name != "__init__.py")
    assert {room for room, count in rooms.items() if count > 12} == CROWDED


def test_public_modules_say_what_they_are_for() -> None:
    public = [
        module for module in modules() if not module.name.startswith("_") or module.name == "__init__.py"
    ]
    silent = [module for module in public if ast.get_docstring(parse(module)) is None]
    assert not silent


def test_public_modules_and_classes_begin_their_docstring_with_a_noun_phrase() -> None:
    found = {f"{module}: {name}": text for module in modules() for name, text in _docstrings(parse(module))}
    assert len(found) > 500
    assert not {name: text for name, text in found.items() if not _begins_with_noun(text)}


@pytest.mark.parametrize(
    "text",
    [
        *("What there is.", "One row.", "Takes messages.", "Is it alive?", "Everything else.", ""),
        *("Resolves credentials.", "Counts attempts.", "Tried too often.", "Its own idea.", "Either a row."),
    ],
)
def test_docstring_that_begins_with_no_noun_is_found(text: str) -> None:
    assert not _begins_with_noun(text)


@pytest.mark.parametrize(
    "text",
    [
        *("A row.", "`/metrics`: numbers.", "Whereabouts.", "Reader of rows.", "RFC 9457.", "Counts by day."),
        *("Records, as stored.", "Access by route.", "Texts written from it.", "Cached results of runs."),
    ],
)
def test_docstring_that_begins_with_a_noun_is_accepted(text: str) -> None:
    assert _begins_with_noun(text)


@pytest.mark.parametrize("kind", [*CAPABILITIES, *EXTENSION_CAPABILITIES], ids=lambda kind: kind.__name__)
def test_capability_says_that_it_is_one_and_what_it_brings(kind: type) -> None:
    assert re.match(r"Capability: \w", kind.__doc__ or "")


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names and docstrings of a module and of its public classes."""
    yield "", ast.get_docstring(tree) or "(none)"
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or "(none)"


def _begins_with_noun(text: str) -> bool:
    """Whether the first word may be a noun. One that ends in -s is a verb where another noun follows it ("Counts
    attempts"), and one that ends in -ed is a participle without its noun where a preposition follows ("Tried by")."""
    first, _, rest = text.partition(" ")
    second = re.split(r"[\s,.:;]", rest)[0].lower()
    if first == "" or NO_NOUN.match(text) is not None:
        return False
    if first.endswith("ed"):
        return second not in AFTER_NOUN
    if not first.endswith("s") or first.endswith(("ss", "us", "is", "'s")):
        return True
    return second in {"", *AFTER_NOUN} or PARTICIPLE.fullmatch(second) is not None


def _reads_environment(tree: ast.Module) -> bool:
    return any(_is_environment(node) for node in ast.walk(tree))


def _is_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    match node:
        case ast.Attribute(value=ast.Name(), attr=attribute):
            return attribute in names
        case ast.ImportFrom(module="os", names=imported):
            return bool(names & {alias.name for alias in imported})
        case _:
            return False


def test_public_names_of_classes_and_types_stand_once() -> None:
    places: dict[str, list[str]] = {}
    for module in modules():
        for name in _types(parse(module)):
            places.setdefault(name, []).append(str(module))
    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize(
    "source", ["class Part: ...", "Part = str | None", "Part: TypeAlias = str", "Part = Literal['a']"]
)
def test_search_for_names_of_types_finds_every_way_to_give_one(source: str) -> None:
    assert list(_types(ast.parse(source))) == ["Part"]


def _types(tree: ast.Module) -> Iterator[str]:
    """Public names of a module's classes and aliases of types, which begin with a capital and aren't constants."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        if name[0].isupper() and not name.isupper():
            yield name


def test_names_are_terms_of_the_field() -> None:
    found = {
        f"{module}: {name}"
        for module in modules()
        if "migrations" not in module.parts
        for name in _names(parse(module))
        if PRIVATE_WORDS & set(name.lower().split("_"))
    }
    assert found == set()


def _names(tree: ast.Module) -> Iterator[str]:
    """Names that a module gives to functions, classes, parameters, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def test_account_page_of_the_core_knows_no_child() -> None:
    files = [
        file for file in (ROOT / "backend/api/accounts").iterdir() if file.suffix in {".html", ".js", ".css"}
    ]
    assert len(files) == 8
    for file in files:
        assert not re.search(r"(?i)\bchild", file.read_text(encoding="utf-8")), file.name


def test_command_line_is_there_before_what_only_some_commands_need() -> None:
    program = "import sys; from backend.cli.main import app; print(*sys.modules); "
    # A worker's health check, which has to answer within seconds on a machine that is at its limit.
    program += "print(app(['worker', '--check', '--port', '1'], standalone_mode=False), *sys.modules)"
    environment = {**os.environ, "STORYWIRE_DATABASE_URL": "postgresql://nowhere/nothing"}
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded, checking = (set(line.split()) for line in outcome.stdout.splitlines())
    assert "backend.podcasts.cli" in loaded
    assert loaded.isdisjoint({"fastapi", "langchain_core", "langgraph", "sqlalchemy", "backend.app"})
    assert "127.0.0.1:1: no answer" in outcome.stderr and "1" in checking
    assert checking.isdisjoint({"fastapi", "langchain_core", "sqlalchemy", "uvicorn", "backend.app"})


def test_functions_are_read_at_a_glance() -> None:
    too_long = {
        f"{module}: {node.name}": lines
        for module in modules()
        for node in ast.walk(parse(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > 60
    }
    assert too_long == {}
