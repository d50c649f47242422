"""Errors of SDKs and of the network, as far as no provider is needed to make them."""

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from workflows.models.calls.faults import translate_fault
from workflows.models.calls.retry_after import read_retry_after
from workflows.models.spec import ModelSpec

SPEC = ModelSpec("openai", "gpt-test")


def chain(*errors: Exception) -> Exception:
    """The last one, raised while the ones before it were handled."""
    for before, after in pairwise(errors):
        after.__context__ = before
    return errors[-1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (chain(ssl.SSLWantReadError(), httpx.ReadTimeout("slow")), "MODEL_TIMEOUT"),
        (chain(ssl.SSLEOFError(), httpx.ReadError("gone")), "MODEL_UNAVAILABLE"),
        (TimeoutError(), "MODEL_TIMEOUT"),
    ],
    ids=["timeout", "hung-up", "ours"],
)
def test_fault_over_tls_is_not_taken_for_one_of_tls(error: Exception, code: str) -> None:
    translated: Any = translate_fault(SPEC, error)
    assert translated.code == code and "TLS" not in translated.message


def test_error_that_is_no_providers_stays_what_it_is() -> None:
    error = KeyError("ours")
    assert translate_fault(SPEC, error) is error


class Refused(Exception):
    """As SDKs keep the response with the error."""

    def __init__(self, header: str | None, text: str = "") -> None:
        super().__init__(text)
        self.response = httpx.Response(429, headers={} if header is None else {"Retry-After": header})


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Refused("7"), 7),
        (Refused("0.2"), 1),
        (Refused("1.5"), 2),
        (Refused("-3"), 1),
        (Refused("soon"), None),
        (Refused(None), None),
        (Refused(None, "{'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '31.4s'}"), 32),
        (Refused("999999999"), 7 * 24 * 3600),
        (ValueError("no response at all"), None),
    ],
)
def test_wait_that_a_provider_asks_for_is_read_in_whole_seconds(
    error: Exception, seconds: int | None
) -> None:
    assert read_retry_after(error) == seconds


def test_wait_may_be_given_as_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert read_retry_after(Refused(at)) in range(88, 92)


@pytest.mark.parametrize(("seconds", "says"), [("1", "in 1 second."), ("2", "in 2 seconds.")])
def test_wait_is_said_in_good_english(seconds: str, says: str) -> None:
    class RateLimited(Refused):
        status_code = 429

    translated: Any = translate_fault(SPEC, RateLimited(seconds))
    assert says in translated.message
