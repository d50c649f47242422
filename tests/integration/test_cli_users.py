"""`storywire users`: the first admin, links, limits, claim and deletion, with no service running."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backend.cli.main import make_app
from backend.resources import open_resources
from backend.settings import load_settings
from backend.store.owner import LOCAL, Owner

PASSWORD = "a long sentence, not a word"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that every command of a test works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORYWIRE_AUTH", "accounts")
    return tmp_path / "data"


def users(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(make_app(), ["users", *arguments], input=answers)


def test_first_admin_is_made_by_a_command_that_asks_for_a_password() -> None:
    made = users("add", "Ada@example.org", "--admin", answers=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0 and "ada@example.org  admin" in made.stdout
    assert PASSWORD not in made.stdout
    again = users("add", "ada@example.org", "--link")
    assert again.exit_code == 1 and "already" in again.stderr
    assert "ada@example.org" in users("list").stdout
    assert "account_created" in users("events").stdout


def test_links_and_limits_and_locks_are_a_command_each() -> None:
    assert "#reset=swo_" in users("add", "ben@example.org", "--link").stdout
    assert "#reset=swo_" in users("link", "ben@example.org").stdout
    assert "#invite=swo_" in users("invite").stdout
    assert users("limits", "ben@example.org", "--usd", "3", "--month", "70").exit_code == 0
    used = users("usage", "ben@example.org").stdout
    assert "0 of 70" in used and "0.0000 of 3" in used
    assert users("lock", "ben@example.org", "--revoke-keys").exit_code == 0
    assert "locked" in users("list").stdout
    assert users("unlock", "ben@example.org").exit_code == 0
    assert users("role", "ben@example.org", "admin").exit_code == 0
    missing = users("lock", "nobody@example.org")
    assert missing.exit_code == 1 and "There is no account" in missing.stderr


def test_models_of_an_account_are_set_shown_and_lifted_by_a_command() -> None:
    users("add", "ben@example.org", "--link")
    assert "All models" in users("models", "ben@example.org").stdout
    assert users("models", "ben@example.org", "openai:gpt-5*", "groq:*").exit_code == 0
    assert users("models", "ben@example.org").stdout.split() == ["openai:gpt-5*", "groq:*"]
    wrong = users("models", "ben@example.org", "gpt-5")
    assert wrong.exit_code == 1 and "models.0" in wrong.stderr and "provider:model" in wrong.stderr
    assert users("models", "ben@example.org", "--all").exit_code == 0
    assert "All models" in users("models", "ben@example.org").stdout


def test_claim_and_deletion_move_and_remove_what_there_is(data: Path) -> None:
    async def keep(owner: Owner) -> int:
        async with open_resources(load_settings(_env_file=None)) as resources:
            from backend.stories.store.children import ChildRepository

            children = ChildRepository(resources.database)
            if owner == LOCAL:
                await children.add(LOCAL, {"name": "zyxchild", "age": 7})
            return len(await children.page(owner, before=None, limit=10))

    assert asyncio.run(keep(LOCAL)) == 1
    account_id = users("add", "ada@example.org", "--link").stdout.split()[0]
    assert "1 rows" in users("claim", "ada@example.org").stdout
    assert asyncio.run(keep(Owner(account_id))) == 1
    assert users("delete", "ada@example.org", "--yes").exit_code == 0
    assert asyncio.run(keep(Owner(account_id))) == 0
    assert not any(b"zyxchild" in path.read_bytes() for path in data.rglob("*") if path.is_file())
