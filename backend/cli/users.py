"""`storywire users`: accounts, for whoever runs the service. It needs no running service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, show_table, write
from backend.logs import configure_logs

if TYPE_CHECKING:
    from backend.accounts.people import People
    from backend.resources import Resources
    from backend.store.accounts.accounts import Account, Identity
    from backend.store.accounts.allowances.allowance import AllowanceUse

app = typer.Typer(help="Accounts: add, list, lock, limit and delete them.", no_args_is_help=True)

_T = TypeVar("_T")
_Email = Annotated[str, typer.Argument(help="E-mail address of the account, or its id.")]


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    admin: Annotated[bool, typer.Option(help="May administer the service.")] = False,
    link: Annotated[bool, typer.Option(help="Print a link to set a password, and ask for none.")] = False,
) -> None:
    """Make an account."""
    password = None if link else typer.prompt("Password", hide_input=True, confirmation_prompt=True)

    async def work(people: "People") -> tuple["Account", str | None]:
        account = await people.accounts.add(email, password, "admin" if admin else "user", by=_by())
        return account, await people.accounts.make_link("reset", account.id, _by()) if link else None

    account, url = _run(work)
    write(f"{account.id}  {account.email}  {account.role}")
    if url is not None:
        write(url)


@app.command("list")
def list_accounts(as_json: JsonOption = False) -> None:
    """Print all accounts."""

    async def work(people: "People") -> list[tuple["Account", "Identity | None"]]:
        accounts = await people.account_repository.page(limit=10_000)
        known = await people.account_repository.find_identities([each.id for each in accounts])
        return [(each, known.get(each.id)) for each in accounts]

    found = _run(work)
    if as_json:
        names = ("id", "email", "role", "status", "created_at")
        print_json(
            [
                {
                    **{name: getattr(each, name) for name in names},
                    "issuer": identity and identity.issuer,
                    "subject": identity and identity.subject,
                }
                for each, identity in found
            ]
        )
        return
    rows = [
        (each.id, _name(each, identity), each.role, each.status, f"{each.created_at:%Y-%m-%d}")
        for each, identity in found
    ]
    show_table(("Id", "Address or identity", "Role", "Status", "Since"), rows)


def _name(account: "Account", identity: "Identity | None") -> str:
    """The address, else who the account is to its issuer."""
    if account.email is not None or identity is None:
        return account.email or "-"
    return f"{identity.subject} ({identity.issuer})"


@app.command("link")
def link(email: _Email) -> None:
    """Print a link with which a new password can be set, once, within half an hour."""

    async def work(people: "People") -> str:
        return await people.accounts.make_link("reset", (await _find(people, email)).id, _by())

    write(_run(work))


@app.command("invite")
def invite() -> None:
    """Print a link to register with, once, within a week."""

    async def work(people: "People") -> str:
        return await people.accounts.make_link("invite", None, _by())

    write(_run(work))


@app.command("lock")
def lock(
    email: _Email,
    revoke_keys: Annotated[
        bool, typer.Option("--revoke-keys", help="End its API keys for good: they only pause.")
    ] = False,
) -> None:
    """End every log-in, ticket and link of an account, and let it in no more."""
    _change(email, revoke_keys=revoke_keys, status="locked")


@app.command("unlock")
def unlock(email: _Email) -> None:
    """Let an account in again. Its API keys work again; everything else has ended."""
    _change(email, status="active")


@app.command("role")
def set_role(email: _Email, role: Annotated[Literal["user", "admin"], typer.Argument()]) -> None:
    """Make an account an admin, or a user."""
    _change(email, role=role)


@app.command("limits")
def set_limits(
    email: _Email,
    runs: Annotated[int | None, typer.Option(min=1, help="Runs at once.")] = None,
    day: Annotated[int | None, typer.Option(min=1, help="Runs a day.")] = None,
    month: Annotated[int | None, typer.Option(min=1, help="Runs a month.")] = None,
    usd: Annotated[float | None, typer.Option(min=0.000001, help="US dollars a month.")] = None,
) -> None:
    """Set an account's own limits. What isn't named is as the settings say."""
    _change(email, runs_at_once=runs, runs_a_day=day, runs_a_month=month, usd_a_month=usd)


@app.command("usage")
def usage(email: _Email) -> None:
    """Print what an account and its API keys use of their limits."""

    async def work(resources: "Resources") -> list[tuple[str, "AllowanceUse"]]:
        people, quota = resources.people, resources.quota
        owner = (await _find(people, email)).id
        of_account = await quota.allowance_use(owner)
        keys = {key.id: key.name for key in await people.keys.all(owner)}
        of_keys = await quota.key_use(owner, list(keys))
        found = [("account", of_account)] if of_account is not None else []
        return [*found, *((f"key {keys[key_id]}", use) for key_id, use in of_keys.items())]

    rows = [
        (
            name,
            _of(use.runs_now, use.limits.runs_at_once),
            _of(use.runs_today, use.limits.runs_a_day),
            _of(use.runs_this_month, use.limits.runs_a_month),
            _of(f"{use.spent_usd:.4f}", use.limits.usd_a_month),
            f"{use.reserved_usd:.4f}",
        )
        for name, use in _run_with_resources(work)
    ]
    show_table(("Who", "Runs now", "Today", "This month", "USD this month", "USD reserved"), rows)


def _of(used: object, limit: float | None) -> str:
    return f"{used}" if limit is None else f"{used} of {limit:g}"


@app.command("models")
def set_models(
    email: _Email,
    models: Annotated[
        list[str] | None, typer.Argument(help="provider:model, where * may stand for anything.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All models that the service allows.")] = False,
) -> None:
    """Set the models that an account may have texts written by; without any, print them."""
    from backend.runs.admission.allowed_models import parse_allow_list
    from workflows.errors import InvalidInput

    if models or every:
        try:
            parsed = parse_allow_list(None if every else models)
        except InvalidInput as error:
            fail(error.message)
        _change(email, models=parsed)
        return

    async def work(people: "People") -> list[str] | None:
        return (await _find(people, email)).models

    found = _run(work)
    write("\n".join(found or ["All models that the service allows."]))


@app.command("claim")
def claim(email: _Email) -> None:
    """Give an account everything that the service had before it had accounts."""

    async def work(people: "People") -> int:
        return await people.belongings.claim((await _find(people, email)).id)

    write(f"{_run(work)} rows belong to {email} now.")


@app.command("delete")
def delete(email: _Email, yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False) -> None:
    """Delete an account with everything that it has."""
    if not yes:
        typer.confirm(f"Delete {email} with everything that is theirs?", abort=True)

    async def work(people: "People") -> None:
        account = await _find(people, email)
        await people.belongings.lock_out(account.id, _by())
        await people.belongings.delete(account.id)

    _run(work)
    write("Deleted.")


@app.command("events")
def events(limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50) -> None:
    """Print security events, the newest first."""

    async def work(people: "People") -> list[Any]:
        return await people.audit.page(None, limit=limit)

    rows = [
        (
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.kind,
            each.owner or "-",
            each.subject or "-",
            each.actor or "-",
        )
        for each in _run(work)
    ]
    show_table(("When", "What", "Account", "About", "By"), rows)


def _change(email: str, *, revoke_keys: bool = False, **values: Any) -> None:
    from backend.accounts.audit import changes_of
    from workflows.errors import Conflict

    async def work(people: "People") -> None:
        account = await _find(people, email)
        if not await people.account_repository.update(account.id, **values):
            raise Conflict("The account is being deleted.")
        for kind in changes_of(account, values):
            await people.audit.note(kind, account.id, by=_by())
        if revoke_keys:
            await people.keys.revoke_all(account.id, by=_by())

    _run(work)
    write("Done.")


def _by() -> str:
    """Who changes something from here."""
    from backend.store.accounts.events import CLI

    return CLI


async def _find(people: "People", email: str) -> "Account":
    from backend.store.owner import Owner
    from workflows.errors import NotFound

    account = await people.account_repository.find(Owner(email))
    account = account or await people.account_repository.find_by_email(email.strip().casefold())
    if account is None:
        raise NotFound(f"There is no account {email}.")
    return account


def _run(work: Callable[["People"], Awaitable[_T]]) -> _T:
    return _run_with_resources(lambda resources: work(resources.people))


def _run_with_resources(work: Callable[["Resources"], Awaitable[_T]]) -> _T:
    from backend.resources import open_resources
    from workflows.errors import StorywireError

    settings = settings_or_fail(resume_on_start=False).model_copy(update={"log_level": "error"})
    configure_logs(settings)

    async def do() -> _T:
        async with open_resources(settings) as resources:
            return await work(resources)

    try:
        return asyncio.run(do())
    except StorywireError as error:
        fail(error.message)
