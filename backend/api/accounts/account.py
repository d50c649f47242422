"""`/api/v1/account`: what belongs to the caller's account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from backend.accounts.accounts import PasswordChange
from backend.accounts.api_keys import LONGEST_DAYS
from backend.accounts.principal import SCOPES
from backend.accounts.throttle import EXPORT
from backend.api.accounts.parts import (
    AccountView,
    AddressDep,
    AllowanceView,
    ModelPatterns,
    Password,
    PeopleDep,
    TokenView,
)
from backend.api.dependencies import PrincipalDep, ResourcesDep, SettingsDep
from backend.api.security.cookies import clear_cookie, set_cookie
from backend.api.security.routes_access import ACCOUNT
from backend.extensions.base import collect_scopes
from backend.plugins import list_extensions
from backend.resources import Resources
from backend.runs.admission.allowed_models import parse_allow_list
from backend.store.accounts.allowance import Allowance
from backend.store.accounts.keys import ApiKey
from backend.store.accounts.login_rows import LoginKind
from backend.store.owner import Owner
from workflows.errors import InvalidInput
from workflows.text.json_values import JsonModel

_ALL_SCOPES = collect_scopes(list_extensions(), SCOPES)
router = APIRouter(prefix=ACCOUNT, tags=["account"])

Id = Annotated[str, Path(max_length=64)]


class Me(BaseModel):
    """The caller's account and credential. `scopes` and `key_allowance` are those of an API key; `models` the patterns
    of models that texts may be written by, null: all that are allowed here."""

    account: AccountView
    allowance: AllowanceView | None
    key_allowance: AllowanceView | None
    credential: str
    scopes: list[str] | None
    models: list[str] | None


class LoginSessionView(BaseModel):
    """A log-in. `client` is what its browser or app said that it is."""

    id: str
    kind: str
    client: str
    is_this_one: bool
    created_at: datetime
    used_at: datetime
    expires_at: datetime


class PasswordBody(JsonModel):
    """A new password, and the one until now."""

    old_password: Password
    new_password: Password
    revoke_keys: bool = Field(False, description="End the account's API keys too")


class ConfirmBody(JsonModel):
    """The password once more; accounts of another issuer have none."""

    password: Password | None = None


class KeyLimits(JsonModel):
    """Limits of a key, within those of its account."""

    models: ModelPatterns | None = Field(
        None,
        description="Models that it may have texts written by, `*` for anything; null: all of the account's",
    )
    runs_at_once: int | None = Field(None, ge=1, le=1000, description="Runs at once; null: the account's")
    runs_a_day: int | None = Field(None, ge=1, le=1_000_000, description="Runs a day; null: the account's")
    runs_a_month: int | None = Field(
        None, ge=1, le=10_000_000, description="Runs a month; null: the account's"
    )
    usd_a_month: float | None = Field(
        None, gt=0, le=1_000_000, allow_inf_nan=False, description="US dollars a month; null: the account's"
    )


class KeyBody(KeyLimits):
    """Name, scopes and lifetime of a new key."""

    name: str = Field(min_length=1, max_length=80, description="What the key is for")
    scopes: list[Annotated[str, Field(max_length=32)]] = Field(
        max_length=len(_ALL_SCOPES), description=", ".join(_ALL_SCOPES)
    )
    days: int = Field(90, ge=1, le=LONGEST_DAYS, description="Days after which it ends")

    @property
    def limits(self) -> Allowance:
        """What it may use, within its account's allowance."""
        return Allowance(self.runs_at_once, self.runs_a_day, self.usd_a_month, self.runs_a_month)


class KeyChange(KeyLimits):
    """Changes to a key; what is left out stays. A limit of null: no narrower one than the account's."""

    name: str | None = Field(None, min_length=1, max_length=80, description="What the key is for")
    days: int | None = Field(None, ge=1, le=LONGEST_DAYS, description="Days after which it ends, from now on")

    @property
    def values(self) -> dict[str, Any]:
        """What is to be set. Neither a name nor a lifetime can be taken away."""
        given = self.model_dump(exclude_unset=True)
        return {
            name: value for name, value in given.items() if value is not None or name not in ("name", "days")
        }


class KeyView(BaseModel):
    """A key, with its own limits and what it uses of them. `key` is shown when it is made, and never again."""

    id: str
    name: str
    hint: str
    scopes: list[str]
    models: list[str] | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    allowance: AllowanceView | None
    key: str | None = None


@router.get("/me")
async def get_me(principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep) -> Me:
    """The account, and by what the caller was let in."""
    use = await resources.quota.allowance_use(principal.owner)
    key_ids = [] if principal.key is None else [principal.key.id]
    of_key = await _key_allowances(resources, principal.owner, key_ids)
    account = AccountView.of(await people.accounts.find(principal.owner))
    if principal.key is not None:  # a key is told what it may still use, not whose it is
        account.email = None
    return Me(
        account=account,
        allowance=None if use is None else AllowanceView.of(use),
        key_allowance=next(iter(of_key.values()), None),
        credential=principal.credential.kind,
        scopes=None if principal.scopes is None else sorted(principal.scopes),
        models=principal.models.patterns if principal.models.lists else None,
    )


@router.post("/logout", status_code=204)
async def log_out(
    principal: PrincipalDep, people: PeopleDep, settings: SettingsDep, response: Response
) -> None:
    """Ends this session, and the streams that it reads."""
    if principal.credential.kind in ("browser", "app"):
        await people.sessions.end(principal.owner, principal.credential.id)
    clear_cookie(response, settings)
    response.headers["Clear-Site-Data"] = '"storage"'


@router.put(
    "/password",
    status_code=204,
    response_model=None,
    responses={200: {"model": TokenView, "description": "Of an app: its new tokens"}},
)
async def change_password(
    body: PasswordBody,
    principal: PrincipalDep,
    people: PeopleDep,
    address: AddressDep,
    settings: SettingsDep,
    response: Response,
) -> TokenView | None:
    """Sets a new one; every session ends, and the keys if that is asked for. In place of its own a browser gets a new
    one by its cookie, an app by new tokens (200)."""
    owner, credential = principal.owner, principal.credential
    change = PasswordChange(body.old_password, body.new_password, body.revoke_keys)
    kind: LoginKind = "browser" if credential.kind == "browser" else "app"
    replacement, secret = people.sessions.replacement(credential.id, kind)
    session = await people.accounts.change_password(owner, change, address, replacement)
    if kind == "browser":
        set_cookie(response, settings, secret)
        return None
    response.status_code = 200
    return TokenView.of(people.sessions.pair(session, secret))


@router.get("/sessions")
async def list_login_sessions(
    principal: PrincipalDep, people: PeopleDep
) -> dict[str, list[LoginSessionView]]:
    """Where the account is logged in."""
    found = await people.sessions.all(principal.owner)
    return {
        "sessions": [
            LoginSessionView(
                id=each.id,
                kind=each.kind,
                client=each.client,
                is_this_one=each.id == principal.credential.id,
                created_at=each.created_at,
                used_at=each.used_at,
                expires_at=each.expires_at,
            )
            for each in found
        ]
    }


@router.delete("/sessions/{session_id}", status_code=204)
async def end_login_session(session_id: Id, principal: PrincipalDep, people: PeopleDep) -> None:
    """Logs out there."""
    await people.sessions.end(principal.owner, session_id)


@router.delete("/sessions", status_code=204)
async def end_other_sessions(principal: PrincipalDep, people: PeopleDep) -> None:
    """Logs out everywhere but here."""
    await people.sessions.end_all(principal.owner, but=principal.credential.id)


@router.post("/keys", status_code=201)
async def create_key(
    body: KeyBody, principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
) -> KeyView:
    """A key for a machine. It is shown this once."""
    owner, models = principal.owner, parse_allow_list(body.models)
    principal.models.check_list(models)
    key, secret = await people.keys.create(owner, body.name, body.scopes, body.days, models, body.limits)
    return _key(key, await _key_allowances(resources, owner, [key.id]), secret)


@router.get("/keys")
async def list_keys(
    principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
) -> dict[str, list[KeyView]]:
    """The account's keys, without their secrets, and what they use."""
    keys = await people.keys.all(principal.owner)
    allowances = await _key_allowances(resources, principal.owner, [key.id for key in keys])
    return {"keys": [_key(key, allowances) for key in keys]}


@router.patch("/keys/{key_id}")
async def change_key(
    key_id: Id, body: KeyChange, principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
) -> KeyView:
    """Sets its name, limits or lifetime, from the next request on. Its scopes and its secret stay as they are."""
    owner, values = principal.owner, body.values
    if "models" in values:
        values["models"] = models = parse_allow_list(values["models"])
        principal.models.check_list(models)
    if not values:
        raise InvalidInput.of(
            "body", f"at least one of these is expected: {', '.join(KeyChange.model_fields)}"
        )
    key = await people.keys.change(owner, key_id, **values)
    return _key(key, await _key_allowances(resources, owner, [key.id]))


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: Id, principal: PrincipalDep, people: PeopleDep) -> None:
    """Ends it, and the streams that it reads."""
    await people.keys.revoke(principal.owner, key_id)


@router.post(
    "/export",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "Lines of JSON"}},
)
async def export_account(
    body: ConfirmBody, principal: PrincipalDep, people: PeopleDep, address: AddressDep
) -> StreamingResponse:
    """Everything that the account has, as lines of JSON. What is whole ends with `{"end": {"rows"}}`."""
    if (await people.accounts.find(principal.owner)).password_hash is not None:
        await people.accounts.check_password(principal.owner, body.password or "", address)
    await people.throttle.check(EXPORT, principal.owner, address)
    return StreamingResponse(
        people.belongings.export(principal.owner),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="storywire.ndjson"'},
    )


@router.post("/deletion", status_code=202)
async def delete_account(
    body: ConfirmBody,
    principal: PrincipalDep,
    people: PeopleDep,
    address: AddressDep,
    settings: SettingsDep,
    response: Response,
) -> None:
    """Ends every session and key at once, stops the runs, and deletes everything that the account has."""
    if (await people.accounts.find(principal.owner)).password_hash is not None:
        await people.accounts.check_password(principal.owner, body.password or "", address)
    await people.belongings.ask_deletion(principal.owner)
    clear_cookie(response, settings)


async def _key_allowances(
    resources: Resources, owner: Owner, key_ids: Sequence[str]
) -> dict[str, AllowanceView]:
    found = await resources.quota.key_use(owner, key_ids)
    return {key_id: AllowanceView.of(use) for key_id, use in found.items()}


def _key(key: ApiKey, allowances: Mapping[str, AllowanceView], secret: str | None = None) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        hint=key.hint,
        scopes=key.scopes,
        models=key.models,
        created_at=key.created_at,
        used_at=key.used_at,
        expires_at=key.expires_at,
        allowance=allowances.get(key.id),
        key=secret,
    )
