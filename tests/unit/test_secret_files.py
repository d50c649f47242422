"""Secrets in files: read at the start, read again when they change, never shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.access_settings import check_secret
from backend.accounts.mail import open_mailer
from backend.accounts.tokens.access_tokens import AccessTokens
from backend.accounts.tokens.claims import AccessClaims
from backend.accounts.tokens.signing import RotatingSigner, load_secrets
from backend.settings import SettingsError, load_settings
from backend.store.owner import Owner
from workflows.errors import Unauthenticated
from workflows.models.choice.connections import find_connection
from workflows.models.clients.providers import ProviderClients
from workflows.models.spec import ModelSpec
from workflows.models.wire.bodies.stream_turns import StreamTurns

OLD, NEW = "Lw3nU0aZq9Tt7cVb5XyK1mPe8RjH2sGd", "v4YkQ7rWx0Nz6BfJ3LtC9uSa5EhM1oDi"
CLAIMS = AccessClaims(Owner("01OWNER"), "01SESSION")
KEYS = ["openai", "google_genai", "groq", "openai_compatible"]


def settings(**values: Any) -> Any:
    return load_settings(_env_file=None, **values)


def field_of(provider: str) -> str:
    prefix = {"google_genai": "google", "openai_compatible": "compatible"}.get(provider, provider)
    return f"{prefix}_api_key"


@pytest.mark.parametrize("provider", KEYS)
def test_providers_key_is_read_again_when_its_file_changes(provider: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("first-key\n")
    found = settings(**{f"{field_of(provider)}_file": file})

    def key() -> str:
        connection = find_connection(provider, found)
        assert connection is not None and connection.key is not None
        return connection.key.get_secret_value()

    assert key() == "first-key"
    file.write_text("the second\n")
    assert key() == "the second"
    file.unlink()
    assert key() == "the second"  # some replace a file in two steps
    file.write_text("a third key")
    assert key() == "a third key"


async def test_client_of_a_changed_key_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("first-key\n")
    clients = ProviderClients(settings(openai_api_key_file=file), StreamTurns())
    spec = ModelSpec("openai", "gpt-test")
    first = clients.open(spec).chat
    assert clients.open(spec).chat is first
    file.write_text("the second\n")
    second: Any = clients.open(spec).chat
    assert second is not first and second.openai_api_key.get_secret_value() == "the second"
    await clients.close()


@pytest.mark.parametrize(
    "make",
    [lambda path: path.name, lambda path: path.write_text(" \n"), lambda path: path.write_bytes(b"\xff\xfe")],
)
@pytest.mark.parametrize(
    "name", ["openai_api_key", "database_url", "langsmith_api_key", "compatible_api_key"]
)
def test_file_that_holds_no_secret_stops_the_start(
    name: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    make(file)
    with pytest.raises(SettingsError, match=f"{name.upper()}_FILE: "):
        settings(**{f"{name}_file": file})


def test_setting_and_its_file_at_once_stop_the_start_and_neither_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sk-in-the-file")
    with pytest.raises(SettingsError) as caught:
        settings(openai_api_key_file=file, openai_api_key="sk-in-the-setting")
    assert "OPENAI_API_KEY is set too" in str(caught.value)
    assert "sk-in" not in str(caught.value)


def test_file_of_accounts_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="STORYWIRE_SECRETS_FILE"):
        load_secrets(settings(secrets_file=tmp_path / "nothing"))
    with pytest.raises(SettingsError, match="STORYWIRE_SMTP_URL_FILE"):
        open_mailer(settings(smtp_url_file=tmp_path / "nothing", mail_from="a@b.c"))
    (tmp_path / "url").write_text("https://mail.example.org")
    with pytest.raises(SettingsError, match="STORYWIRE_SMTP_URL_FILE"):
        open_mailer(settings(smtp_url_file=tmp_path / "url", mail_from="a@b.c"))


def test_database_address_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"sqlite:///{tmp_path}/other.db\n")
    assert settings(database_url_file=file).database_file == tmp_path / "other.db"
    other = tmp_path / "another"
    other.write_text("mysql://somewhere")
    with pytest.raises(SettingsError, match="SQLite"):
        settings(database_url_file=other)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "short",
        "a" * 64,
        "abababab" * 8,
        "change-me-to-something-very-random-1",
        "your-SECRET-key-goes-in-here-12345xyz",
        "please-Replace-this-value-0987-qwzx",
        "storywire-Development-key-98765432-x",
    ],
)
def test_secret_that_is_weak_or_of_an_example_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="STORYWIRE_SECRETS"):
        check_secret(secret)


def test_secrets_are_changed_in_their_file_while_the_service_runs(tmp_path: Path) -> None:
    file, now = tmp_path / "secrets", [0.0]
    file.write_text(OLD)
    given = settings(secrets_file=file)
    signer = RotatingSigner(
        lambda: load_secrets(given), lambda secrets: AccessTokens(secrets, 600), lambda: now[0]
    )
    token = signer.issue(CLAIMS)
    file.write_text(f"{NEW},{OLD}")
    now[0] += 6
    assert signer.verify(token) == CLAIMS
    newest = signer.issue(CLAIMS)
    assert AccessTokens([NEW], 600).verify(newest) == CLAIMS
    file.write_text("weak")  # somebody's slip ends nothing
    now[0] += 6
    assert signer.verify(newest) == CLAIMS
    file.write_text(NEW + "\n\n")
    now[0] += 6
    assert signer.verify(newest) == CLAIMS
    with pytest.raises(Unauthenticated):
        signer.verify(token)


@pytest.mark.parametrize("left", ["", "abc", "x" * 63])
def test_own_secret_that_was_cut_off_is_refused_at_the_start(tmp_path: Path, left: str) -> None:
    given = settings(data_dir=tmp_path)
    whole = load_secrets(given)
    assert load_secrets(given) == whole
    (given.state_dir / "token-secret").write_text(left)
    with pytest.raises(SettingsError, match="token-secret holds no whole secret"):
        load_secrets(given)
