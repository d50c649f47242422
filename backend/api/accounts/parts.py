"""Dependencies of the routes of accounts."""

from typing import Annotated, Literal, Self

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from backend.accounts.credentials.sessions import TokenPair
from backend.accounts.people import People
from backend.api.dependencies import ResourcesDep, SettingsDep
from backend.api.security.addresses import client_address
from backend.runs.admission.allowed_models import MOST_PATTERNS
from backend.store.accounts.accounts import Account
from backend.store.accounts.allowances.allowance import AllowanceUse
from workflows.errors import NotFound

Password = Annotated[str, Field(max_length=512, description="12 to 128 characters")]
Email = Annotated[str, Field(max_length=254, description="E-mail address")]
ModelPatterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(min_length=1, max_length=MOST_PATTERNS, examples=[["openai:gpt-5*"]]),
]
Secret = Annotated[str, Field(max_length=128, description="The token, as it was handed out")]


class AccountView(BaseModel):
    """An account. The limits are its own; null: as the service's settings say. `models` are the patterns of models that
    it may have texts written by; null: all that the service allows."""

    id: str
    email: str | None
    role: str
    status: str
    email_verified: bool
    has_password: bool
    runs_at_once: int | None
    runs_a_day: int | None
    runs_a_month: int | None
    usd_a_month: float | None
    models: list[str] | None
    created_at: str

    @classmethod
    def of(cls, account: Account) -> Self:
        """As it is shown to itself, and to admins."""
        return cls(
            id=account.id,
            email=account.email,
            role=account.role,
            status=account.status,
            email_verified=account.email_verified_at is not None,
            has_password=account.password_hash is not None,
            runs_at_once=account.runs_at_once,
            runs_a_day=account.runs_a_day,
            runs_a_month=account.runs_a_month,
            usd_a_month=account.usd_a_month,
            models=account.models,
            created_at=account.created_at.isoformat(),
        )


class TokenView(BaseModel):
    """Tokens of an app: `access_token` for `Authorization: Bearer`; `refresh_token` gets the next ones, once."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """As an app is given them."""
        return cls(
            access_token=pair.access_token, expires_in=pair.expires_in, refresh_token=pair.refresh_token
        )


class AllowanceView(BaseModel):
    """Use and limits of an account or an API key: runs at once, runs started today and this month, US dollars this
    month (UTC). `reserved_usd` is what its unfinished runs may still cost. A limit of null, which keys have: none but
    the account's."""

    runs_now: int
    runs_at_once: int | None
    runs_today: int
    runs_a_day: int | None
    runs_this_month: int
    runs_a_month: int | None
    spent_usd: float
    reserved_usd: float
    usd_a_month: float | None

    @classmethod
    def of(cls, use: AllowanceUse) -> Self:
        """As it is shown."""
        return cls(
            runs_now=use.runs_now,
            runs_at_once=use.limits.runs_at_once,
            runs_today=use.runs_today,
            runs_a_day=use.limits.runs_a_day,
            runs_this_month=use.runs_this_month,
            runs_a_month=use.limits.runs_a_month,
            spent_usd=round(use.spent_usd, 9),
            reserved_usd=round(use.reserved_usd, 9),
            usd_a_month=use.limits.usd_a_month,
        )


async def get_people(resources: ResourcesDep) -> People:
    """Accounts. Raises NotFound in a service that has none."""
    if not resources.settings.has_accounts:
        raise NotFound("This service has no accounts (STORYWIRE_AUTH).")
    return resources.people


async def get_own_people(resources: ResourcesDep) -> People:
    """Accounts that log in here. Raises NotFound in a service that has none."""
    if resources.settings.auth != "accounts":
        raise NotFound("Nobody logs in here (STORYWIRE_AUTH).")
    return resources.people


async def get_address(request: Request, settings: SettingsDep) -> str:
    """The network address that the request comes from."""
    return client_address(request.scope, settings.proxy_networks)


async def get_client(request: Request) -> str:
    """What the browser or app says that it is."""
    return request.headers.get("user-agent", "")[:200]


PeopleDep = Annotated[People, Depends(get_people)]
OwnPeopleDep = Annotated[People, Depends(get_own_people)]
AddressDep = Annotated[str, Depends(get_address)]
ClientDep = Annotated[str, Depends(get_client)]
