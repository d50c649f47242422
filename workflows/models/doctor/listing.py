"""List of a provider's models: the cheapest request that proves an address and a key."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx2

from workflows.models.calls.causes import is_insecure
from workflows.models.choice.connections import ADDRESSES, KEYS, Connection

TIMEOUT = 10.0
# The SDKs' default addresses.
_USUAL = {"openai": "https://api.openai.com/v1", "gemini": "https://generativelanguage.googleapis.com"}


@dataclass(frozen=True, slots=True)
class Listing:
    """Outcome of a list request. `models` is None where it failed; `problem` has the reason and the remedy.
    `proven`: model calls would reach the provider and be authorised, as far as can be seen."""

    models: frozenset[str] | None
    proven: bool
    problem: str | None = None


async def list_models(provider: str, connection: Connection) -> Listing:
    """Makes one GET, without retries. No message holds the key, nor the credentials in an address."""
    key = connection.key.get_secret_value() if connection.key else None
    base = httpx2.URL(connection.base_url or _USUAL[connection.protocol])
    if connection.protocol == "gemini":
        url, headers = f"{str(base).rstrip('/')}/v1beta/models?pageSize=1000", {"x-goog-api-key": key or ""}
    else:
        url = f"{str(base).rstrip('/')}/models"
        headers = {"Authorization": f"Bearer {key}"} if key else {}
    place = f"{base.scheme}://{base.netloc.decode()}{base.path.rstrip('/')}"
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT) as client:
            reply = await client.get(url, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return Listing(None, False, _explain_failure(provider, place, error))
    return _read(provider, place, reply)


def _read(provider: str, place: str, reply: httpx2.Response) -> Listing:
    status = reply.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or "API_KEY_INVALID" in reply.text:
        key = KEYS.get(provider)
        advice = f"check {key}" if key else "the server wants a key, for which there is no setting"
        return Listing(None, False, f"the key is refused ({status}): {advice}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Listing(None, True, "it asks to slow down, or the account is out of credit (429)")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Listing(None, False, f"it is failing at the moment ({status}): try again later")
    names = _names(reply) if status == HTTPStatus.OK else None
    if names is None:
        advice = "does the address end in /v1?" if provider != "google_genai" else "is the address right?"
        return Listing(
            None,
            False,
            f"there is no list of models at {place} ({status}): {advice} It is {ADDRESSES[provider]}",
        )
    return Listing(names, True)


def _names(reply: httpx2.Response) -> frozenset[str] | None:
    """Names in OpenAI's form (`data[].id`) or Gemini's (`models[].name`, which begins with `models/`)."""
    try:
        body = reply.json()
        if "models" in body:
            return frozenset(str(entry["name"]).removeprefix("models/") for entry in body["models"])
        return frozenset(str(entry["id"]) for entry in body["data"])
    except (ValueError, KeyError, TypeError):
        return None


def _explain_failure(provider: str, place: str, error: Exception) -> str:
    setting = ADDRESSES[provider]
    if is_insecure(error):
        return (
            f"no secure connection (TLS) to {place}: check {setting} and, for a certificate of your own, "
            "SSL_CERT_FILE"
        )
    if isinstance(error, httpx2.TimeoutException):
        return f"{place} doesn't answer: check {setting}, and whether a firewall or proxy is in between"
    return f"{place} can't be reached: is it running, and is {setting} right?"
