"""`/api/v1/account/keys`: API keys of the caller's account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from backend.accounts.credentials.api_keys import LONGEST_DAYS
from backend.accounts.principal import SCOPES
from backend.api.accounts.parts import AllowanceView, ModelPatterns, PeopleDep
from backend.api.dependencies import PrincipalDep, ResourcesDep
from backend.api.security.routes_access import ACCOUNT
from backend.extensions.base import collect_scopes
from backend.plugins import list_extensions
from backend.resources import Resources
from backend.runs.admission.allowed_models import parse_allow_list
from backend.store.accounts.allowances.allowance import Allowance
from backend.store.accounts.keys import ApiKey
from backend.store.owner import Owner
from workflows.errors import InvalidInput
from workflows.text.json_values import JsonModel

_ALL_SCOPES = collect_scopes(list_extensions(), SCOPES)
router = APIRouter(prefix=f"{ACCOUNT}/keys", tags=["account"])

KeyId = Annotated[str, Path(max_length=64)]


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


@router.post("", status_code=201)
async def create_key(
    body: KeyBody, principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
) -> KeyView:
    """A key for a machine. It is shown this once."""
    owner, models = principal.owner, parse_allow_list(body.models)
    principal.models.check_list(models)
    key, secret = await people.keys.create(owner, body.name, body.scopes, body.days, models, body.limits)
    return _key(key, await key_allowances(resources, owner, [key.id]), secret)


@router.get("")
async def list_keys(
    principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
) -> dict[str, list[KeyView]]:
    """The account's keys, without their secrets, and what they use."""
    keys = await people.keys.all(principal.owner)
    allowances = await key_allowances(resources, principal.owner, [key.id for key in keys])
    return {"keys": [_key(key, allowances) for key in keys]}


@router.patch("/{key_id}")
async def change_key(
    key_id: KeyId, body: KeyChange, principal: PrincipalDep, people: PeopleDep, resources: ResourcesDep
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
    return _key(key, await key_allowances(resources, owner, [key.id]))


@router.delete("/{key_id}", status_code=204)
async def revoke_key(key_id: KeyId, principal: PrincipalDep, people: PeopleDep) -> None:
    """Ends it, and the streams that it reads."""
    await people.keys.revoke(principal.owner, key_id)


async def key_allowances(
    resources: Resources, owner: Owner, key_ids: Sequence[str]
) -> dict[str, AllowanceView]:
    """What these keys use of their own limits, by id."""
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
