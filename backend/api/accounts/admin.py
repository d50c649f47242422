"""`/api/v1/admin`: accounts, for admins. Nobody's texts are shown here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from backend.accounts.audit import changes_of
from backend.accounts.people import People
from backend.api.accounts.parts import AccountView, AllowanceView, ModelPatterns, PeopleDep
from backend.api.dependencies import PageCursor, PageLimit, PrincipalDep, ResourcesDep
from backend.api.paging import page_of
from backend.api.security.routes_access import ADMIN
from backend.runs.admission.allowed_models import parse_allow_list
from backend.store.accounts.accounts import Account
from backend.store.owner import Owner
from workflows.errors import Conflict, NotFound
from workflows.text.json_values import JsonModel

router = APIRouter(prefix=ADMIN, tags=["admin"])

AccountId = Annotated[Owner, Path(max_length=64)]


class KnownAccountView(AccountView):
    """An account as admins see it: with who its owner is to another issuer, where one vouches for them."""

    issuer: str | None = None
    subject: str | None = None


class AccountPage(BaseModel):
    """Accounts, the oldest first."""

    accounts: list[KnownAccountView]
    next_cursor: str | None


class AccountChange(JsonModel):
    """Changes to an account; what is left out stays. A limit of null: as the settings say."""

    status: Literal["active", "locked"] | None = Field(None, description="Whether it may log in")
    role: Literal["user", "admin"] | None = Field(None, description="What it may do")
    runs_at_once: int | None = Field(None, ge=1, le=1000, description="Runs at once")
    runs_a_day: int | None = Field(None, ge=1, le=1_000_000, description="Runs a day")
    runs_a_month: int | None = Field(None, ge=1, le=10_000_000, description="Runs a month")
    usd_a_month: float | None = Field(
        None, gt=0, le=1_000_000, allow_inf_nan=False, description="US dollars a month"
    )
    revoke_keys: bool = Field(False, description="End its API keys for good: a locked account's only pause")
    models: ModelPatterns | None = Field(
        None,
        description="Models that it may have texts written by, `*` for anything; null: all that are allowed here",
    )


class EventView(BaseModel):
    """A security event: about the account `owner`, done by `actor` (an admin's account, `cli` or `issuer`; null: by the
    account itself). `subject` is the id of a session, key or run, or of an account that is gone."""

    id: str
    at: datetime
    owner: Owner | None
    kind: str
    subject: str | None
    actor: str | None


class EventPage(BaseModel):
    """Security events, the newest first. `addresses` are those of the accounts that they name, by their ids."""

    events: list[EventView]
    addresses: dict[str, str]
    next_cursor: str | None


class LinkView(BaseModel):
    """A link that works once."""

    url: str


@router.get("/accounts")
async def list_accounts(people: PeopleDep, limit: PageLimit = 50, cursor: PageCursor = None) -> AccountPage:
    """Every account."""
    found = await people.account_repository.page(after=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda account: account.id)
    return AccountPage(accounts=await _views(people, page), next_cursor=next_cursor)


@router.patch("/accounts/{account_id}")
async def change_account(
    account_id: AccountId, body: AccountChange, principal: PrincipalDep, people: PeopleDep
) -> KnownAccountView:
    """Locks and unlocks it, gives it limits of its own, or makes it an admin."""
    account = await people.accounts.find(account_id)
    values = body.model_dump(exclude_unset=True, exclude={"revoke_keys"})
    if account.id == principal.owner and {"status", "role"} & values.keys():
        raise Conflict("Another admin must do this: nobody locks themselves out.")
    if account.status == "deleting":
        raise Conflict("The account is being deleted.")
    values = {
        name: value for name, value in values.items() if value is not None or name not in ("status", "role")
    }
    if "models" in values:
        values["models"] = parse_allow_list(values["models"])
    if values:
        if not await people.account_repository.update(account.id, **values):
            raise Conflict("The account is being deleted.")
        for kind in changes_of(account, values):
            await people.audit.note(kind, account.id, by=principal.owner)
    if body.revoke_keys:
        await people.keys.revoke_all(account.id, by=principal.owner)
    [view] = await _views(people, [await people.accounts.find(account_id)])
    return view


@router.delete("/accounts/{account_id}", status_code=202)
async def remove_account(account_id: AccountId, principal: PrincipalDep, people: PeopleDep) -> None:
    """Deletes an account with everything that it has."""
    account = await people.accounts.find(account_id)
    if account.id == principal.owner:
        raise Conflict("Delete your own account at /api/v1/account/deletion.")
    await people.belongings.ask_deletion(account.id, principal.owner)


@router.get("/accounts/{account_id}/usage")
async def account_usage(account_id: AccountId, people: PeopleDep, resources: ResourcesDep) -> AllowanceView:
    """What an account uses of its limits."""
    account = await people.accounts.find(account_id)
    use = await resources.quota.allowance_use(account.id)
    if use is None:  # it was deleted meanwhile
        raise NotFound(f"There is no account {account_id}.")
    return AllowanceView.of(use)


@router.post("/accounts/{account_id}/reset-link", status_code=201)
async def make_reset_link(account_id: AccountId, principal: PrincipalDep, people: PeopleDep) -> LinkView:
    """A link to set a new password, for a service that sends no mails."""
    account = await people.accounts.find(account_id)
    return LinkView(url=await people.accounts.make_link("reset", account.id, principal.owner))


@router.post("/invitations", status_code=201)
async def invite(principal: PrincipalDep, people: PeopleDep) -> LinkView:
    """A link to register with."""
    return LinkView(url=await people.accounts.make_link("invite", None, principal.owner))


@router.get("/events")
async def list_events(people: PeopleDep, limit: PageLimit = 50, cursor: PageCursor = None) -> EventPage:
    """What happened to accounts."""
    found = await people.audit.page(None, before=cursor, limit=limit + 1)
    page, next_cursor = page_of(found, limit, lambda event: event.id)
    events = [EventView.model_validate(each, from_attributes=True) for each in page]
    named = {name for each in page for name in (each.owner, each.subject, each.actor) if name is not None}
    addresses = await people.account_repository.find_addresses(named)
    return EventPage(events=events, addresses=addresses, next_cursor=next_cursor)


async def _views(people: People, accounts: Sequence[Account]) -> list[KnownAccountView]:
    known = await people.account_repository.find_identities([account.id for account in accounts])
    views = []
    for account in accounts:
        view, identity = KnownAccountView.of(account), known.get(account.id)
        given = {} if identity is None else {"issuer": identity.issuer, "subject": identity.subject}
        views.append(view.model_copy(update=given))
    return views
