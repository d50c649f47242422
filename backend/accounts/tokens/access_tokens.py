"""Access tokens of apps: JSON Web Tokens that we sign ourselves, good for minutes, and for as long as their log-in."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from ulid import ULID

from backend.accounts.tokens.claims import LEEWAY_SECONDS, LONGEST, AccessClaims
from backend.store.owner import Owner
from workflows.errors import Unauthenticated

_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_AUDIENCE = "storywire"
_ISSUER = "storywire"
_REMEMBERED = 4096
"""Tokens; more begin anew."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """Claims of a token whose signature is right, and from when until when it is good, in seconds since 1970."""

    claims: AccessClaims
    begins_at: float
    ends_at: float

    def is_good(self, now: float) -> bool:
        """Whether it surely is good; in the last seconds the library decides."""
        return self.begins_at - LEEWAY_SECONDS <= now < self.ends_at - LEEWAY_SECONDS


class AccessTokens:
    """Signer and verifier of access tokens. The first secret signs; the others are those before it, whose tokens run
    out.

    A token comes with every request of its app, so what was verified is remembered by its hash until it runs out.
    """

    def __init__(self, secrets: Sequence[str], seconds: float, now: Callable[[], float] = time.time) -> None:
        self.seconds = int(seconds)
        self._now = now
        self._verified: dict[bytes, _Verified] = {}
        keys = [OctKey.import_key(secret, {"kid": _kid(secret), "alg": _ALGORITHM}) for secret in secrets]
        self._newest = keys[0]
        self._keys = KeySet([*keys])
        self._registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": _AUDIENCE},
            sub={"essential": True},
            sid={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )

    def issue(self, claims: AccessClaims) -> str:
        """See `TokenSigner`."""
        now = int(self._now())
        payload = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": claims.owner,
            "sid": claims.session_id,
            "iat": now,
            "nbf": now,
            "exp": now + self.seconds,
            "jti": str(ULID()),
        }
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._newest.kid}
        return jwt.encode(header, payload, self._newest, algorithms=[_ALGORITHM])

    def verify(self, token: str) -> AccessClaims:
        """See `TokenSigner`."""
        if len(token) > LONGEST:
            raise Unauthenticated("The access token is not valid.")
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is None or not known.is_good(self._now()):
            known = self._verify(token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[digest] = known
        return known.claims

    def _verify(self, token: str) -> "_Verified":
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[_ALGORITHM])
            self._registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise Unauthenticated("The access token is not valid, or no longer.") from None
        if decoded.header.get("typ") != _TYPE:
            raise Unauthenticated("The access token is not valid.")
        found = decoded.claims
        claims = AccessClaims(Owner(str(found["sub"])), str(found["sid"]))
        return _Verified(claims, max(found["iat"], found.get("nbf", 0)), found["exp"])


def _kid(secret: str) -> str:
    """Tells the secrets apart, and nothing of them."""
    return hashlib.sha256(b"storywire key id\x00" + secret.encode()).hexdigest()[:16]
