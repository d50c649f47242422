"""Tokens of somebody else's issuer, verified by the keys that it publishes (JWKS)."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.accounts.tokens.claims import LEEWAY_SECONDS, LONGEST, ForeignIdentity
from workflows.errors import Unauthenticated

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519", "EdDSA")
"""Signatures by public keys only: a published key can never be used as a shared secret."""
_LONGEST_NAME = 255
_LATEST = 253_402_214_400
"""The last day of the year 9999, in seconds since 1970: some issuers give milliseconds, or what they call never."""
_ID_TOKEN = "ID"
"""`typ` of a token that says who somebody is, as Keycloak has it: it is for the page that logged them in."""
_REFUSED = "The access token is not valid, or no longer."


class PublishedKeys(Protocol):
    """The keys of an issuer."""

    async def find(self, kid: str | None) -> KeySet | None:
        """The keys, which have this one if it can be had; None while there are none."""


class ExternalIssuer:
    """An issuer, as the settings name it. What a token says of where its keys are (`jku`, `x5u`, `jwk`) counts for
    nothing."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: PublishedKeys,
        admin_claim: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._admin = tuple(admin_claim.split("=", 1)) if admin_claim else None
        self._registry = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def verify(self, token: str) -> ForeignIdentity:
        """See `TokenIssuer`."""
        if len(token) > LONGEST:
            raise Unauthenticated(_REFUSED)
        kid = _kid(token)
        keys = await self._keys.find(kid)
        if keys is None:
            raise Unauthenticated("The issuer's keys can't be had at the moment; try again later.")
        try:
            decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            self._registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise Unauthenticated(_REFUSED) from None
        if decoded.claims.get("typ") == _ID_TOKEN:
            raise Unauthenticated("This is an ID token: send the access token.")
        subject = decoded.claims["sub"]
        # Cut off, two of them could be one; and no database keeps half a surrogate pair or a NUL.
        if not (0 < len(subject) <= _LONGEST_NAME and subject.isprintable()):
            raise Unauthenticated(_REFUSED)
        return ForeignIdentity(
            self._issuer, subject, self._is_admin(decoded.claims), float(min(decoded.claims["exp"], _LATEST))
        )

    def _is_admin(self, claims: Mapping[str, Any]) -> bool:
        if self._admin is None:
            return False
        value = _claim(claims, self._admin[0])
        return value == self._admin[1] or (isinstance(value, list) and self._admin[1] in value)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, else the one inside others that the dots lead to, such as `realm_access.roles`."""
    if name in claims:  # names of claims may be addresses, which have dots
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _kid(token: str) -> str | None:
    """Which key the token's head names; not verified yet. Raises Unauthenticated for what is no token."""
    from joserfc.jws import extract_compact

    try:
        kid = extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError, RecursionError, UnicodeError):
        raise Unauthenticated(_REFUSED) from None
    return kid if isinstance(kid, str) and len(kid) <= _LONGEST_NAME else None
