"""`/api/v1/auth`: for those who aren't logged in yet. No answer tells whether an address has an account."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from backend.api.accounts.parts import (
    AccountView,
    AddressDep,
    ClientDep,
    Email,
    OwnPeopleDep,
    Password,
    Secret,
    TokenView,
)
from backend.api.dependencies import SettingsDep
from backend.api.security.cookies import set_cookie
from backend.api.security.routes_access import AUTH
from workflows.text.json_values import JsonModel

router = APIRouter(prefix=AUTH, tags=["log-in"])


class AuthOptions(BaseModel):
    """Ways to log in and to register. `mails`: whether the service can send links by mail; where it can't, whoever
    runs it makes them."""

    mode: Literal["local", "accounts", "external"]
    registration: Literal["open", "invitation", "closed"]
    mails: bool


class LoginBody(JsonModel):
    """Address and password."""

    email: Email
    password: Password


class RegistrationBody(JsonModel):
    """A new account."""

    email: Email
    password: Password
    invitation: Secret | None = Field(None, description="Where registration is by invitation")


class RefreshBody(JsonModel):
    """The refresh token of an app."""

    refresh_token: Secret


class EmailBody(JsonModel):
    """The address to write to."""

    email: Email


class TokenBody(JsonModel):
    """The token behind the # of a link."""

    token: Secret


class ResetBody(JsonModel):
    """A new password, by a link."""

    token: Secret
    password: Password


class Accepted(BaseModel):
    """The same, whatever came of it."""

    message: str


@router.get("/options")
async def auth_options(settings: SettingsDep) -> AuthOptions:
    """How people get in, for a page to show."""
    return AuthOptions(mode=settings.auth, registration=settings.registration, mails=settings.sends_mails)


@router.post("/login")
async def log_in(
    body: LoginBody,
    people: OwnPeopleDep,
    settings: SettingsDep,
    address: AddressDep,
    client: ClientDep,
    response: Response,
) -> AccountView:
    """Begins a browser's session: its cookie isn't for scripts."""
    proof = await people.accounts.log_in(body.email, body.password, address)
    _, secret = await people.sessions.open_browser(proof, client)
    set_cookie(response, settings, secret)
    return AccountView.of(proof.account)


@router.post("/token")
async def get_token(
    body: LoginBody, people: OwnPeopleDep, address: AddressDep, client: ClientDep
) -> TokenView:
    """Begins an app's session: tokens instead of a cookie."""
    proof = await people.accounts.log_in(body.email, body.password, address)
    return TokenView.of(await people.sessions.open_app(proof, client))


@router.post("/token/refresh")
async def refresh_token(body: RefreshBody, people: OwnPeopleDep) -> TokenView:
    """The next tokens. A refresh token works once; when it comes twice, two have it, and the session ends."""
    return TokenView.of(await people.sessions.refresh(body.refresh_token))


@router.post("/register", status_code=202)
async def register(body: RegistrationBody, people: OwnPeopleDep, address: AddressDep) -> Accepted:
    """Makes an account, which can log in then."""
    await people.accounts.register(body.email, body.password, body.invitation, address)
    return Accepted(message="If this address had no account, it has one now.")


@router.post("/email/verify", status_code=204)
async def verify_email(body: TokenBody, people: OwnPeopleDep, address: AddressDep) -> None:
    """Confirms an address by the link that was sent there."""
    await people.accounts.verify_email(body.token, address)


@router.post("/password/forgot", status_code=202)
async def forgot_password(
    body: EmailBody, people: OwnPeopleDep, settings: SettingsDep, address: AddressDep
) -> Accepted:
    """Sends a link to set a new password, where the service can send mails."""
    await people.accounts.forgot_password(body.email, address)
    if not settings.sends_mails:
        return Accepted(message="This service sends no mails: ask whoever runs it for a link.")
    return Accepted(message="If this address has an account, a mail is on its way.")


@router.post("/password/reset", status_code=204)
async def reset_password(body: ResetBody, people: OwnPeopleDep, address: AddressDep) -> None:
    """Sets a new password by a link, and ends every session."""
    await people.accounts.reset_password(body.token, body.password, address)
