"""A package that brings settings, a lookup, a route and a command beside its format: tests/packages/postcards."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli.main import make_app
from backend.settings import SettingsError, find_unknown, load_settings
from tests.fakes.provider import FakeProvider
from tests.log_output import reset_log_output
from tests.people import add_person, anonymous, make_key, serve_accounts
from tests.plugins import install, taken_away
from tests.service import LiveService, Told, serve, settings_for

CARD = {"about": "the sea", "address_id": "a1"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package on the path."""
    with install(tmp_path_factory.mktemp("postcards"), "postcards") as target:
        yield target


@pytest.fixture
def addresses(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's address book, set by the package's own variable."""
    assert (installed / "postcards").is_dir()
    path = tmp_path / "addresses.json"
    path.write_text('{"a1": "Grandma Rosa"}')
    monkeypatch.setenv("POSTCARDS_ADDRESSES", str(path))
    return path


@pytest.fixture
async def service(addresses: Path, provider: FakeProvider, tmp_path: Path) -> AsyncIterator[LiveService]:
    """A service that has it."""
    assert addresses.name
    async with serve(settings_for(provider, tmp_path)) as running:
        yield running


async def test_extensions_lookup_puts_what_an_input_refers_to_into_the_prompt(
    service: LiveService, provider: FakeProvider
) -> None:
    told = Told()
    async for frame in service.client.stream("GET", "/api/v1/postcards/generate/stream", params=CARD):
        told.take(frame)
    assert told.ending is not None and told.ending["title"] == "A card to Grandma Rosa"
    assert any("postcard to Grandma Rosa" in call.prompt_text for call in provider.generations)


async def test_extensions_lookup_that_finds_nothing_names_the_field(service: LiveService) -> None:
    body = {"format": "postcard", "input": {**CARD, "address_id": "a9"}}
    reply = await service.client.http.post("/api/v1/runs", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (404, "input.address_id")


async def test_extensions_route_answers_beside_those_of_every_format(service: LiveService) -> None:
    http = service.client.http
    listed = await http.get("/api/v1/postcards/addresses")
    usage = await http.get("/api/v1/postcards/usage")
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert listed.json() == {"addresses": [{"id": "a1", "name": "Grandma Rosa"}]}
    assert usage.json()["used"] == 0
    assert "/api/v1/postcards/addresses" in paths


async def test_extensions_route_goes_with_its_package(
    installed: Path, provider: FakeProvider, tmp_path: Path
) -> None:
    with taken_away(installed):
        async with serve(settings_for(provider, tmp_path)) as service:
            reply = await service.client.http.get("/api/v1/postcards/addresses")
    assert reply.status_code == 404


def test_extensions_command_is_one_of_storywire(
    addresses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert addresses.is_file()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYWIRE_DATA_DIR", str(tmp_path / "data"))
    told = CliRunner().invoke(make_app(), ["addresses"])
    reset_log_output()
    assert (told.exit_code, told.stdout) == (0, "a1  Grandma Rosa\n")


def test_settings_of_a_package_are_refused_by_their_own_names(
    addresses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses.write_text("no json")
    monkeypatch.setenv("STORYWIRE_MONTHLY_REPORTS", "-1")
    with pytest.raises(SettingsError) as refused:
        load_settings(_env_file=None)
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["STORYWIRE_MONTHLY_REPORTS", "POSTCARDS_ADDRESSES"]
    assert "addresses.json is no file of addresses" in lines[1]


def test_settings_with_a_packages_prefix_that_nobody_reads_are_named(
    addresses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert addresses.is_file()
    monkeypatch.setenv("POSTCARDS_ADRESSES", "x")
    assert find_unknown()["POSTCARDS_ADRESSES"].endswith("do you mean POSTCARDS_ADDRESSES?")


async def test_extensions_scope_opens_its_routes_to_keys_and_no_others_do(
    addresses: Path, provider: FakeProvider, tmp_path: Path
) -> None:
    assert addresses.name
    async with serve_accounts(provider, tmp_path) as service:
        person = await add_person(service, "noa")
        replies = {
            scope: await anonymous(service, Authorization=f"Bearer {await make_key(person, scope)}").get(
                "/api/v1/postcards/addresses"
            )
            for scope in ("addresses:read", "addresses:write", "extensions:read")
        }
    assert {scope: reply.status_code for scope, reply in replies.items()} == {
        "addresses:read": 200,
        "addresses:write": 403,
        "extensions:read": 403,
    }
