"""The service against its own OpenAPI document, tried by Schemathesis with all of its checks: documented statuses and
content types, bodies by their schemas, no 5xx; what breaks a schema is refused, what follows it is taken.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from benchmarks.stories import prose
from tests.fakes.provider import FakeProvider
from tests.people import add_person, serve_accounts
from tests.service import serve, settings_for

# The service draws from `random` in another thread meanwhile, which Hypothesis takes for a strategy's doing.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

_BOUNDED = settings(
    max_examples=2,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.generate],
)
_RULES_BEYOND_A_SCHEMA = (
    "/api/v1/runs",  # an input is screened, and its fields must go together
    "/api/v1/runs/quote",  # an input that is the format's
    "/api/v1/{path}/chat/{chat_id}/stream",  # a place that the stream has
    "/api/v1/runs/{run_id}/input",
    "/api/v1/runs/{run_id}/stream",  # a Last-Event-ID belongs to a view
    "/api/v1/runs/{run_id}/versions",
    "/api/v1/{path}/generate/stream",  # an input that is the format's
    "/api/v1/{path}/chat",  # the same, and one of the messages is a user's
    "/api/v1/ag-ui/{path}",  # the same, and the id of a run or of an event
    "/api/v1/langgraph/threads/{thread_id}/commands",  # the same, in its query
    "/api/v1/runs/{run_id}/ds",  # offsets that were handed out
    "/api/v1/stream-tickets",  # a run, or an input that is the format's
    "/api/v1/stories/sessions",  # a theme or a run, a child or a reader
    "/api/v1/stories/sessions/{session_id}",  # names of time zones
    "/api/v1/stories/sessions/{session_id}/choices",  # one of two
    "/api/v1/stories/sessions/{session_id}/export",
    "/api/v1/runs/{run_id}/export",  # kinds of files
    "/shared/{token}",
    "/api/v1/children",  # what a child is called and likes is screened
    "/api/v1/children/{child_id}",
    "/api/v1/personas",  # a text of blanks is none
    "/api/v1/usage",  # days in order
)
"""Where valid input may be refused (422), since a rule isn't one that a schema can say."""
_WITHOUT_NUL = SchemathesisConfig.from_dict({"generation": {"allow-x00": False}})
"""No text may hold a NUL: a rule beyond a schema that all of them have; `test_bad_input` tries it."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONG = (
    "/api/v1/diagnostics/stream",
    "/api/v1/documents",
    "/api/v1/langgraph/threads/{thread_id}/stream/events",
)
"""Streams that last as long as they are asked to, or for ever, and bodies of up to 100 MB: `test_doctor_url` and the
tests of documents and of threads have them."""


def operations(document: schemathesis.BaseSchema) -> Iterator[schemathesis.APIOperation]:  # type: ignore[type-arg]
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path not in _LONG:
            yield operation


def modes(operation: schemathesis.APIOperation) -> list[GenerationMode]:  # type: ignore[type-arg]
    """Schemathesis breaks every part of a request at once, and an id in a path is any text: no schema of it can be
    broken. Bodies behind such paths are in `test_json_types`."""
    breakable = list(operation.path_parameters) == [] and (list(operation.body) or list(operation.query))
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if breakable else [])]


def _has_control(path_parameters: Any) -> bool:
    """Whether an address has a control character, which every operation refuses; `test_bad_input` tries it."""
    return any(_CONTROL.search(unquote(str(value))) for value in (path_parameters or {}).values())


def try_case(case: schemathesis.Case, headers: dict[str, str] | None = None) -> list[str]:
    """Makes the request, with these `headers`; what the reply doesn't keep, a text each."""
    has_rules = case.operation.path in _RULES_BEYOND_A_SCHEMA or _has_control(case.path_parameters)
    excluded: list[Any] = [positive_data_acceptance] if has_rules else []
    reply = case.call(timeout=120, headers=headers)
    if (
        headers
    ):  # it takes away what it has put there itself, and not these; the walk tries what opens without
        excluded.append(ignored_auth)
    if reply.status_code == 502 and '"code":"MODEL_' in reply.text:  # who waits is told what the model did
        excluded.append(not_a_server_error)
    about = f"{case.as_curl_command()}\n{reply.text[:500]}"
    kinds = reply.headers.get("content-type", [""])
    found = (
        [] if reply.status_code < 400 or kinds == ["application/problem+json"] else [f"no problem: {about}"]
    )
    try:
        case.validate_response(reply, excluded_checks=excluded)
    except FailureGroup as failures:
        found += [f"{case.operation.label}: {failure!r}\n{about}" for failure in failures.exceptions]
    return found


def faults(
    url: str,
    only: slice,
    headers: dict[str, str] | None = None,
    wanted: Callable[[str], bool] = bool,
) -> list[str]:
    """What Schemathesis finds fault with, of the operations whose path is `wanted`."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json", config=_WITHOUT_NUL)
    found: list[str] = []
    for operation in [each for each in operations(document) if wanted(each.path)][only]:
        # Of a request without a body it breaks the credential alone, which it isn't the one to show here.
        tried = modes(operation) if headers is None or list(operation.body) else [GenerationMode.POSITIVE]
        for mode in tried:
            cases = given(operation.as_strategy(generation_mode=mode))
            with suppress(Unsatisfiable):  # nothing else that an address can say breaks its schema
                _BOUNDED(cases(lambda case: found.extend(try_case(case, headers))))()
    return found


_ENDS_THE_LOG_IN = ("/api/v1/account/logout", "/api/v1/account/deletion")
_RULES_OF_ACCOUNTS = (
    "/api/v1/account/keys/{key_id}",  # one change at least
    "/api/v1/account/export",  # the password itself
    "/api/v1/account/keys",  # scopes that there are; twenty of them
    "/api/v1/account/password",
    "/api/v1/admin/accounts/{account_id}",
    "/api/v1/auth/email/verify",  # tokens that were given out
    "/api/v1/auth/login",
    "/api/v1/auth/password/forgot",  # addresses; so many an hour
    "/api/v1/auth/password/reset",
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/token/refresh",
)
_ROOM = {"account_runs": 1000, "account_streams": 1000, "account_usd_month": 100_000.0}


@pytest.mark.parametrize("examples", [2, pytest.param(25, marks=pytest.mark.soak)])
@pytest.mark.parametrize("part", range(3))
async def test_every_operation_keeps_what_its_document_says(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, examples: int
) -> None:
    """With accounts, as an admin, with bodies that follow the schemas and bodies that break them; each status that an
    operation answers with stands in the document."""
    monkeypatch.setitem(globals(), "_RULES_BEYOND_A_SCHEMA", (*_RULES_BEYOND_A_SCHEMA, *_RULES_OF_ACCOUNTS))
    monkeypatch.setitem(globals(), "_BOUNDED", settings(_BOUNDED, max_examples=examples))
    provider.script = prose(words=20)
    async with serve_accounts(provider, tmp_path, judge="off", log_level="error", **_ROOM) as service:
        admin = await add_person(service, "admin", "admin")
        headers = {"Authorization": admin.http.headers["Authorization"]}

        def wanted(path: str) -> bool:
            return path not in _ENDS_THE_LOG_IN

        found = await asyncio.to_thread(
            faults, service.client.base_url, slice(part, None, 3), headers, wanted
        )
        assert (await admin.http.get("/api/v1/account/me")).status_code == 200  # it was never logged out
    assert found == []


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
async def test_every_operation_keeps_what_its_document_says_without_accounts_too(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """A sample: the documents differ in what lets a caller in, and little else."""
    monkeypatch.setitem(globals(), "_BOUNDED", settings(_BOUNDED, max_examples=1))
    provider.script = prose(words=20)
    async with serve(settings_for(provider, tmp_path, judge="off", log_level="error")) as service:
        found = await asyncio.to_thread(faults, service.client.base_url, slice(None, None, every))
    assert found == []


async def test_no_operation_leaves_its_errors_to_a_default(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        document = (await service.client.http.get("/openapi.json")).json()
    said = {
        f"{method.upper()} {path}": {int(status) for status in operation["responses"] if status >= "400"}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "default" not in operation["responses"]
    }
    assert len(said) == sum(map(len, document["paths"].values()))
    assert all(statuses >= {500, 503} for statuses in said.values())
    assert said["POST /api/v1/runs"] == {401, 403, 404, 409, 413, 422, 429, 500, 502, 503}
    assert said["GET /api/v1/runs/{run_id}"] == {401, 403, 404, 422, 429, 500, 503}
    assert said["GET /healthz"] == {403, 422, 500, 503}
