"""Every statement of the source over a table whose rows belong to somebody says whose it means, or stands in a list.

Logs and checkpoints have no owner of their own: they are asked in their own modules only, by whoever has their run.
"""

import ast
from functools import cache

import pytest

from backend.store.accounts import tables as _accounts  # noqa: F401 - its tables are in the metadata too
from backend.store.schema.schema import complete_metadata
from tests.architecture.statements import Source, Statement
from tests.architecture.tree import ROOT

TABLES = {table.name: table for table in complete_metadata().sorted_tables}
OWNED = {name for name, table in TABLES.items() if "owner" in table.c}
OF_RUNS = {
    *("log_heads", "log_entries", "log_archives"),
    *("checkpoints", "checkpoint_blobs", "checkpoint_writes", "writes"),
}
STORE = "backend/store"
ACCOUNTS = f"{STORE}/accounts"
# What asks without an owner, and may: reason by reason.
BY_SECRET = {  # a secret is how its owner is found
    f"{ACCOUNTS}/keys.py:_active_by",  # by hash, or by owner and id: see what is made of it there
    f"{ACCOUNTS}/logins.py:_active_by",
    f"{ACCOUNTS}/logins.py:",
    f"{ACCOUNTS}/logins.py:LoginRepository.refresh",
    f"{ACCOUNTS}/one_time_tokens.py:OneTimeTokenRepository.is_good",
    f"{ACCOUNTS}/one_time_tokens.py:take_token",
    f"{ACCOUNTS}/tickets.py:TicketRepository.find_by_hash",
    f"{ACCOUNTS}/accounts.py:AccountRepository.find_or_add_identity",  # by what an issuer has signed
    f"{STORE}/runs/shares.py:ShareRepository.find_by_hash",
}
BY_TIME = {  # what is too old is deleted, or packed, whoever's it is
    f"{ACCOUNTS}/events.py:EventRepository.drop",
    f"{ACCOUNTS}/logins.py:LoginRepository.drop_ended",
    f"{ACCOUNTS}/one_time_tokens.py:OneTimeTokenRepository.drop_expired",
    f"{ACCOUNTS}/streams.py:StreamRepository.drop_forgotten",
    f"{ACCOUNTS}/tickets.py:TicketRepository.drop_expired",
    f"{STORE}/runs/cache.py:CacheRepository.drop",
    f"{STORE}/runs/retention.py:RetentionRepository.old_runs",
    f"{STORE}/runs/shares.py:ShareRepository.drop_expired",
    f"{STORE}/runs/stored_runs.py:StoredRuns.unpacked",
    "backend/log/rows.py:pack_log",
    "backend/stories/store/children.py:ChildRepository.old",
    "backend/stories/store/sessions.py:SessionRepository.old",
}
BY_EXECUTION = {  # by whoever executes runs, or serves their readers, whose they all are
    f"{ACCOUNTS}/allowances/key_charges.py:refund_keys",
    f"{ACCOUNTS}/streams.py:StreamRepository.beat",
    f"{STORE}/runs/charges.py:refund",
    f"{STORE}/runs/owned_runs.py:OwnedRunRepository.reset_crash_count",  # under a lease, as all there
    f"{STORE}/postgres/places.py:state_places",
    f"{STORE}/runs/stored_runs.py:StoredRuns.get",
    f"{STORE}/runs/stored_runs.py:StoredRuns.unfinished",
    f"{STORE}/runs/runs.py:RunRepository.request_stop",
    f"{STORE}/runs/stored_runs.py:StoredRuns.owned_by",
    f"{STORE}/runs/runs.py:RunRepository.mark_read",
    f"{STORE}/runs/stored_runs.py:StoredRuns.read_marks",
}
BY_CALLER = {  # these are given their conditions, and each call of them is read as a statement
    f"{STORE}/erasing.py:delete_runs",
    f"{STORE}/runs/stored_runs.py:StoredRuns._one",
    f"{STORE}/runs/runs.py:moving",
}
LISTED = BY_SECRET | BY_TIME | BY_EXECUTION | BY_CALLER
# Statements in text over owned tables, or over tables that are found while the service runs.
TEXTS = {
    f"{STORE}/setup/copying.py": "a whole database is copied, before anybody uses it",
    f"{STORE}/postgres/jobs.py": "runs in the queue, whose they all are",
    f"{STORE}/postgres/places.py": "runs in the queue",
    f"{STORE}/sqlite/checkpoints.py": "tables of checkpoints",
}
# Modules that ask for logs and checkpoints: each call of theirs names the run, which was found by its owner.
LOGS = {
    *(f"backend/log/{name}.py" for name in ("rows", "sql", "sqlite", "postgres", "follower")),
    *(
        f"{STORE}/{name}.py"
        for name in ("erasing", "schema/tables", "setup/copying", "sql/beside_runs", "usage")
    ),
    *(f"{STORE}/runs/{name}.py" for name in ("fences", "runs", "stored_runs")),
    f"{STORE}/checkpoints/channel_deltas.py",
    f"{STORE}/checkpoints/durable_saver.py",
    *(f"{STORE}/sqlite/{name}.py" for name in ("checkpoints", "blobs")),
    *(f"{STORE}/postgres/{name}.py" for name in ("checkpoints", "blobs", "database", "places")),
}


@cache
def sources() -> list[Source]:
    paths = sorted((ROOT / "backend").rglob("*.py"))
    return [Source.read(path, ROOT) for path in paths if "migrations" not in path.parts]


@pytest.fixture(scope="module")
def statements() -> list[Statement]:
    return [
        each
        for source in sources()
        if any(
            "sqlalchemy" in (node.module or "")
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ImportFrom)
        )
        for each in source.statements()
    ]


def test_every_statement_says_whose_rows_it_means(statements: list[Statement]) -> None:
    assert len(statements) > 150
    asking = [each for each in statements if each.tables & OWNED - each.owned]
    assert [f"{each.place}, line {each.line}" for each in asking if each.place not in LISTED] == []
    assert LISTED - {each.place for each in asking} == set(), "listed, and no longer there"


def test_every_statement_over_a_table_found_meanwhile_says_whose_rows_it_means(
    statements: list[Statement],
) -> None:
    known = {*TABLES, *OF_RUNS, "_ACCOUNTS"}
    found = {each.place for each in statements if each.found - known - each.owned}
    # Of logs, checkpoints and jobs, by the ids of runs, or all of them where a database is copied.
    beside_runs = ("delete_checkpoints", "delete_jobs", "delete_all_checkpoints")
    assert found == {
        f"{STORE}/erasing.py:delete_runs",
        *(f"{STORE}/sql/beside_runs.py:{name}" for name in beside_runs),
    }


def test_every_statement_in_text_over_owned_tables_is_listed() -> None:
    found = {
        source.name
        for source in sources()
        for table, text in source.texts()
        if (table in OWNED or table == "{}") and "owner" not in text
    }
    assert found == set(TEXTS)


def test_logs_and_checkpoints_are_asked_in_their_own_modules_only() -> None:
    found = set()
    for source in sources():
        imported = {
            alias.name
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        texts = {table for table, _ in source.texts()}
        if (imported | texts) & OF_RUNS:
            found.add(source.name)
    assert found <= LOGS, sorted(found - LOGS)


@pytest.mark.parametrize("room", ["api", "accounts", "cli", "extensions", "stories", "scripts", "podcasts"])
def test_who_answers_people_has_no_way_to_a_log_but_by_its_run(room: str) -> None:
    """`RunQueries` opens readers of a `Run`, which it has found by its owner."""
    of_runs = ("backend.store.runs.fences", "backend.store.runs.owned_runs")
    closed = ("backend.log", "backend.store.checkpoints", *of_runs)
    for path in sorted((ROOT / "backend" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if module in closed or module.startswith(tuple(f"{each}." for each in closed)):
                assert module == "backend.log.entry", f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("select(runs).where(runs.c.status == 'x')", True),
        ("select(runs).where(runs.c.owner == owner)", False),
        ("update(runs).values(owner=owner)", True),
        ("delete(runs).where(runs.c.owner.in_(owners))", False),
        # Two tables, of which one says whose it is, and the other is joined by an id alone, or by the owner too.
        ("select(runs.c.id).join(shares, shares.c.run_id == runs.c.id).where(shares.c.owner == owner)", True),
        (
            "select(runs.c.id).join(shares, shares.c.owner == runs.c.owner).where(shares.c.owner == owner)",
            False,
        ),
        ("select(runs.c.id).join(shares, shares.c.owner == runs.c.owner)", True),
        ("select(*[runs.c[name] for name in names])", True),
    ],
)
def test_statement_that_forgets_the_owner_is_found(source: str, is_found: bool) -> None:
    [found] = Source("x", ast.parse(f"def ask():\n    return {source}")).statements()
    assert bool(found.tables & OWNED - found.owned) == is_found


def test_statement_is_read_with_the_names_that_it_is_made_of() -> None:
    source = """
def ask(owner):
    mine = _is(owner)
    query = select(runs).where(mine)
    late = select(runs)
    late = late.where(runs.c.id == 1)
    return query, late

def _is(owner):
    return runs.c.owner == owner
"""
    found = list(Source("x", ast.parse(source)).statements())
    assert [bool(each.tables & OWNED - each.owned) for each in found] == [False, True]
