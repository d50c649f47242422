"""`/api/v1/account`: what belongs to the caller's account."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from backend.accounts.accounts import PasswordChange
from backend.accounts.throttle import EXPORT
from backend.api.accounts.keys import key_allowances
from backend.api.accounts.parts import (
    AccountView,
    AddressDep,
    AllowanceView,
    Password,
    PeopleDep,
    TokenView,
)
from backend.api.dependencies import PrincipalDep, ResourcesDep, SettingsDep
from backend.api.security.cookies import clear_cookie, set_cookie
from backend.api.security.routes_access import ACCOUNT
from backend.store.accounts.login_rows import LoginKind
from workflows.text.json_values import JsonModel

router = APIRouter(prefix=ACCOUNT, tags=["account"])


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


@router.get("/me")
async def get_me(principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep) -> Me:
    """The account, and by what the caller was let in."""
    use = await resources.quota.allowance_use(principal.owner)
    key_ids = [] if principal.key is None else [principal.key.id]
    of_key = await key_allowances(resources, principal.owner, key_ids)
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
async def end_login_session(
    session_id: Annotated[str, Path(max_length=64)], principal: PrincipalDep, people: PeopleDep
) -> None:
    """Logs out there."""
    await people.sessions.end(principal.owner, session_id)


@router.delete("/sessions", status_code=204)
async def end_other_sessions(principal: PrincipalDep, people: PeopleDep) -> None:
    """Logs out everywhere but here."""
    await people.sessions.end_all(principal.owner, but=principal.credential.id)


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
    await people.belongings.ask_deletion(principal.owner, principal.owner)
    clear_cookie(response, settings)
