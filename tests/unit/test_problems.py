"""Errors on the wire, for a caller to read and a program to tell apart."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from backend.api.problems import STATUS, add_problem_handlers, problem, problem_of
from workflows.errors import Conflict, FieldError, InvalidInput, NotFound, Overloaded, StorywireError


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    age: int = Field(ge=3)


def _app() -> FastAPI:
    app = FastAPI()
    add_problem_handlers(app)

    @app.post("/body")
    async def body(body: _Body) -> None:
        del body

    @app.get("/query")
    async def query(limit: int) -> None:
        del limit

    @app.get("/overloaded")
    async def overloaded() -> None:
        raise Overloaded("Too much.", retry_after=7)

    @app.get("/input")
    async def wrong_input() -> None:
        raise InvalidInput("input.age: too old", (FieldError("input.age", "too old"),))

    @app.get("/database")
    async def database() -> None:
        raise OperationalError("SELECT secret", None, Exception("the server is gone"))

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the key is sk-123")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "I am a teapot")

    return app


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


def read(response: Response, status: int, code: str) -> dict[str, Any]:
    """The body, after what every problem must have was checked."""
    body: dict[str, Any] = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"urn:storywire:problem:{code.lower().replace('_', '-')}"
    assert body["title"] and body["detail"]
    return body


def _kinds(root: type[StorywireError]) -> Iterator[type[StorywireError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


@pytest.mark.parametrize("kind", list(_kinds(StorywireError)), ids=lambda kind: kind.__name__)
def test_every_error_has_its_status_in_the_table(kind: type[StorywireError]) -> None:
    response = problem_of(kind("Because."))
    assert response.status_code == STATUS[kind.code]


def test_problem_is_json_with_code_and_sentence() -> None:
    response = problem_of(NotFound("There is no run X."))
    assert response.media_type == "application/problem+json"
    assert bytes(response.body) == (
        b'{"type":"urn:storywire:problem:not-found","title":"Not found","status":404,'
        b'"code":"NOT_FOUND","detail":"There is no run X."}'
    )
    assert problem_of(Conflict("No.")).status_code == 409


def test_problem_with_half_a_character_in_its_words_is_sent_all_the_same() -> None:
    response = problem("INVALID_INPUT", "no \ud800", errors=(FieldError("input.\ud800", "no \udfff"),))
    assert bytes(response.body).decode()


def test_problem_of_very_many_fields_lists_some_and_says_how_many_there_are() -> None:
    wrong = [FieldError(f"input.{number}" + "x" * 1000, "no such field") for number in range(80_000)]
    body = orjson.loads(problem_of(InvalidInput.of_fields(wrong)).body)
    assert [len(body["errors"]), len(body["errors"][0]["field"])] == [50, 200]
    assert body["detail"].endswith("; and 79950 more")
    assert len(body["detail"]) < 20_000


async def test_problem_of_too_much_says_when_to_come_back(client: AsyncClient) -> None:
    response = await client.get("/overloaded")
    read(response, 503, "OVERLOADED")
    assert response.headers["retry-after"] == "7"


async def test_problem_of_wrong_input_lists_the_fields(client: AsyncClient) -> None:
    body = read(await client.get("/input"), 422, "INVALID_INPUT")
    assert body["errors"] == [{"field": "input.age", "message": "too old"}]


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (b'{"age": 2}', ["age"]),
        (b'{"age": "x", "mood": 1}', ["age", "mood"]),
        (b"{}", ["age"]),
        (b"", ["body"]),
        (b"[]", ["body"]),
        (b'{"age": ', ["body"]),
    ],
)
async def test_problem_of_a_wrong_body_names_each_field(
    client: AsyncClient, sent: bytes, fields: list[str]
) -> None:
    response = await client.post("/body", content=sent, headers={"Content-Type": "application/json"})
    body = read(response, 422, "INVALID_INPUT")
    assert [error["field"] for error in body["errors"]] == fields


async def test_problem_of_half_a_character_in_the_body_is_wrong_input(client: AsyncClient) -> None:
    for sent in (b'{"age": 5, "\\ud800": 1}', b'{"age": "\\ud800"}', b"\xff"):
        response = await client.post("/body", content=sent, headers={"Content-Type": "application/json"})
        read(response, 422, "INVALID_INPUT")


async def test_problem_of_a_wrong_query_names_the_parameter(client: AsyncClient) -> None:
    body = read(await client.get("/query?limit=many"), 422, "INVALID_INPUT")
    assert [error["field"] for error in body["errors"]] == ["limit"]


async def test_problem_of_a_path_that_is_not_there_names_it(client: AsyncClient) -> None:
    body = read(await client.get("/nowhere/at/all"), 404, "NOT_FOUND")
    assert body["detail"] == "There is nothing at /nowhere/at/all."


async def test_problem_of_a_wrong_method_says_which_is_right(client: AsyncClient) -> None:
    response = await client.get("/body")
    read(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"


async def test_problem_of_any_other_refusal_keeps_its_sentence(client: AsyncClient) -> None:
    body = read(await client.get("/teapot"), 422, "INVALID_INPUT")
    assert body["detail"] == "I am a teapot"


async def test_problem_of_a_bug_tells_nothing_of_it(client: AsyncClient) -> None:
    with capture_logs() as logged:
        response = await client.get("/bug")
    read(response, 500, "INTERNAL")
    assert [(entry["event"], entry["route"]) for entry in logged] == [("request_broke", "/bug")]
    assert "sk-123" not in response.text
    assert "Traceback" not in response.text


async def test_database_that_is_away_is_a_reason_to_come_back_and_no_bug(client: AsyncClient) -> None:
    with capture_logs() as logged:
        reply = await client.get("/database")
    assert reply.status_code == 503 and reply.headers["Retry-After"]
    assert reply.json()["code"] == "OVERLOADED" and "database" in reply.json()["detail"]
    assert "SELECT" not in reply.text and "gone" not in reply.text
    assert [line["event"] for line in logged] == ["database_unavailable"]
