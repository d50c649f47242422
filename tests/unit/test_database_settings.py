"""Settings of the database: two combinations and no others, each refusal a sentence that names the setting."""

from pathlib import Path

import pytest

from backend import database_settings
from backend.settings import Settings, SettingsError, load_settings

SERVER = "postgresql://storywire:secret@db.example/storywire"


def load(**values: object) -> Settings:
    return load_settings(_env_file=None, **values)


@pytest.mark.parametrize("url", [SERVER, "postgres://db/x", "postgresql+psycopg://db/x?sslmode=require"])
def test_postgresql_has_a_queue_and_keeps_local_files_in_the_data_directory(url: str) -> None:
    for execution in (None, "queue"):
        settings = load(database_url=url, execution=execution, data_dir=Path("here"))
        assert settings.has_queue and settings.sql_url == url and settings.state_dir == Path("here")


@pytest.mark.parametrize("url", [None, "sqlite:///x.db"])
def test_sqlite_has_none(url: str | None) -> None:
    for execution in (None, "inline"):
        assert not load(database_url=url, execution=execution).has_queue


@pytest.mark.parametrize(
    ("url", "execution", "reason"),
    [
        (SERVER, "inline", "PostgreSQL: with it runs execute on workers"),
        (None, "queue", "SQLite: with it runs execute in the service itself"),
        ("sqlite:///x.db", "queue", "SQLite"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_both_names(
    url: str | None, execution: str, reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        load(database_url=url, execution=execution)
    assert f"STORYWIRE_EXECUTION={execution}" in str(refused.value)
    assert "STORYWIRE_DATABASE_URL" in str(refused.value) and "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://db/x", "sqlite://", "sqlite:///:memory:", "db.example", "x"])
def test_database_of_another_kind_is_refused_with_what_is_accepted(url: str) -> None:
    with pytest.raises(SettingsError, match=r"STORYWIRE_DATABASE_URL.*sqlite:///path.*postgresql://user"):
        load(database_url=url)


def test_postgresql_without_its_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_settings, "is_installed", lambda _: False)
    with pytest.raises(SettingsError, match=r"STORYWIRE_DATABASE_URL.*`scale`.* -r requirements/scale\.lock"):
        load(database_url=SERVER)


def test_accounts_on_many_processes_need_a_secret_that_all_have() -> None:
    with pytest.raises(SettingsError, match="STORYWIRE_SECRETS must be set"):
        load(database_url=SERVER, auth="accounts")
    assert load(database_url=SERVER, auth="accounts", secrets="vK2x9QwLr8Zt4NbYc6Hs1Jd7Gf3Pm5Ta0Ue").has_queue
