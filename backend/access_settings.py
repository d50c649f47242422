"""Settings of access: who may call, from which pages, and what accounts may use. Read as part of `Settings`."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
_SHORTEST_SECRET = 32
_EXAMPLES = (
    *(
        "changeme",
        "change-me",
        "change_me",
        "change this",
        "replace",
        "example",
        "placeholder",
        "password",
        "secret",
    ),
    *("default", "insecure", "storywire", "0123456789", "abcdefgh", "qwertyui"),
)
"""Found in examples that somebody forgot to replace, and hardly ever in 32 characters of chance."""
_PORTS = {"http": 80, "https": 443}


class AccessSettings(BaseModel):
    """Settings of access: modes, origins, log-ins, issuer, limits of accounts."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one")
    auth: Literal["local", "accounts", "external"] = Field(
        "local",
        description="Who may call: local, everybody who reaches the port; accounts, whoever has logged in here; "
        "external, whoever has a token of another issuer",
    )
    public_url: str | None = Field(
        None,
        description="Address by which people reach the service, e.g. https://stories.example.org; by default "
        "http:// and STORYWIRE_HOST",
    )
    origins: str = Field(
        "",
        description="Other sites whose pages may connect, comma separated, each with scheme and port "
        "(https://app.example.org, http://localhost:3000)",
    )
    trusted_proxies: str = Field(
        "",
        description="Networks of proxies whose X-Forwarded-For is believed, comma separated (10.0.0.0/8)",
    )
    secrets: SecretStr | None = Field(
        None,
        description="What signs access tokens, at least 32 characters; a new one before the old one, comma separated, "
        "while it is changed. By default made of chance and kept in the data directory",
    )
    secrets_file: Path | None = Field(None, description="File that holds STORYWIRE_SECRETS in its place")

    registration: Literal["open", "invitation", "closed"] = Field(
        "closed", description="Who may make an account: anybody, whoever was invited, nobody but an admin"
    )
    email_check: bool = Field(False, description="Log in only those who have confirmed their address")
    smtp_url: SecretStr | None = Field(
        None,
        description="Mail server, smtp://user:password@host:587 (with STARTTLS) or smtps://…:465; without one, "
        "storywire users prints the links",
    )
    smtp_url_file: Path | None = Field(None, description="File that holds STORYWIRE_SMTP_URL in its place")
    mail_from: str | None = Field(None, description="Sender of mails; must be set with STORYWIRE_SMTP_URL")
    session_hours: float = Field(
        2160, gt=0, le=26280, description="Hours after which a log-in ends, whatever is done with it"
    )
    idle_hours: float = Field(336, gt=0, le=26280, description="Hours after which an unused log-in ends")
    token_minutes: float = Field(
        10, gt=0, le=60, description="Minutes for which an app's access token is good"
    )

    issuer: str | None = Field(None, description="`iss` of the tokens that are accepted (external)")
    audience: str | None = Field(None, description="`aud` that they must name (external)")
    jwks_url: str | None = Field(
        None, description="Where the issuer's keys are, https://… (external); no redirect is followed"
    )
    jwks_private: bool = Field(
        False, description="The issuer may be at a private or loopback address, also over http"
    )
    admin_claim: str | None = Field(
        None,
        description="Claim that makes an admin, as name=value; a list may hold the value, and dots lead into "
        "claims (external)",
    )

    account_runs: int = Field(3, ge=1, le=1000, description="Runs at once of an account")
    account_runs_day: int = Field(100, ge=1, le=1_000_000, description="Runs that an account may start a day")
    account_runs_month: int = Field(
        1000, ge=1, le=10_000_000, description="Runs that an account may start a month"
    )
    account_usd_month: float = Field(
        10, gt=0, le=1_000_000, description="US dollars that an account may spend a month"
    )
    account_streams: int = Field(20, ge=1, description="Streams that an account may read at once")
    account_documents: int = Field(200, ge=1, description="Documents that an account may have")
    account_document_bytes: int = Field(
        200_000_000, ge=1_000, description="Bytes that an account's documents may have together"
    )
    account_shares: int = Field(100, ge=1, description="Share links of an account that are valid at once")
    retention_days: float | None = Field(
        None,
        gt=0,
        description="Days after which a run is deleted, and what extensions keep that nothing was done with; "
        "by default they stay",
    )
    share_days: float = Field(
        30, gt=0, le=3660, description="Days for which a share link is valid, unless it says so itself"
    )

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str | None) -> str | None:
        return None if url is None else origin_of(url)

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, given: str) -> str:
        return ",".join(origin_of(item) for item in _items(given))

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, given: str) -> str:
        for item in _items(given):
            try:
                ip_network(item)
            except ValueError:
                raise ValueError(f"networks are expected, such as 10.0.0.0/8; {item!r} is none") from None
        return given

    @field_validator("jwks_url")
    @classmethod
    def _check_jwks_url(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/]", url):
            raise ValueError("an address is expected, https://…")
        return url

    @field_validator("admin_claim")
    @classmethod
    def _check_admin_claim(cls, claim: str | None) -> str | None:
        if claim is not None and not all(claim.partition("=")):
            raise ValueError("name=value is expected, such as roles=storywire-admin")
        return claim

    @model_validator(mode="after")
    def _check_external(self) -> Self:
        if self.auth != "external":
            return self
        for name in ("issuer", "audience", "jwks_url"):
            if getattr(self, name) is None:
                raise ValueError(f"STORYWIRE_{name.upper()} must be set with STORYWIRE_AUTH=external")
        if not self.jwks_private and not (self.jwks_url or "").startswith("https://"):
            raise ValueError(
                "STORYWIRE_JWKS_URL must begin with https:// (or set STORYWIRE_JWKS_PRIVATE=true)"
            )
        return self

    @model_validator(mode="after")
    def _check_mail(self) -> Self:
        url = self.smtp_url.get_secret_value() if self.smtp_url else None
        if url is not None and urlsplit(url).scheme not in ("smtp", "smtps"):
            raise ValueError("STORYWIRE_SMTP_URL: smtp://… or smtps://… is expected")
        if self.sends_mails and self.mail_from is None:
            raise ValueError("STORYWIRE_MAIL_FROM must be set with STORYWIRE_SMTP_URL")
        return self

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        for secret in _items(self.secrets.get_secret_value() if self.secrets else ""):
            check_secret(secret)
        return self

    @property
    def has_accounts(self) -> bool:
        """Whether a caller must show who they are."""
        return self.auth != "local"

    @property
    def sends_mails(self) -> bool:
        """Whether there is a mail server."""
        return bool(self.smtp_url or self.smtp_url_file)

    @property
    def is_https(self) -> bool:
        """Whether people reach the service over TLS."""
        return (self.public_url or "").startswith("https://")

    @property
    def base_url(self) -> str:
        """What links to the service begin with."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def public_name(self) -> str | None:
        """The host name of `public_url`."""
        return urlsplit(self.public_url).hostname if self.public_url else None

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The other sites of `origins`."""
        return _items(self.origins)

    @property
    def proxy_networks(self) -> tuple[str, ...]:
        """The networks of `trusted_proxies`."""
        return _items(self.trusted_proxies)


def origin_of(url: str) -> str:
    """`scheme://host[:port]` as a browser sends it. Raises ValueError for anything that has more than that."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = (parts.hostname or "").rstrip(".")
    beyond = parts.path.rstrip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in _PORTS or not host or "*" in host or beyond:
        raise ValueError(f"an origin is expected, such as https://stories.example.org; {url!r} is none")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def check_secret(secret: str) -> None:
    """Raises ValueError for a secret that somebody could guess: a short or monotonous one, or one of an example."""
    lower = secret.casefold()
    is_example = any(word in lower for word in _EXAMPLES)
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < 10 or is_example:
        raise ValueError(
            f"STORYWIRE_SECRETS: at least {_SHORTEST_SECRET} characters of chance are expected, such as of "
            "`openssl rand -base64 32`"
        )


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())
