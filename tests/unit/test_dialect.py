"""Statements that databases spell differently: none is left out for a database that isn't known."""

from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import Connection, create_mock_engine

from backend.store.sql.beside_runs import delete_checkpoints, delete_jobs
from backend.store.sql.dialect import announce_stop, lock


@pytest.mark.parametrize(
    "work",
    [
        lambda connection: lock(connection, "queue"),
        lambda connection: announce_stop(connection, "run"),
        lambda connection: delete_jobs(connection, ["run"]),
        lambda connection: delete_checkpoints(connection, ["run"]),
    ],
    ids=["lock", "announce_stop", "delete_jobs", "delete_checkpoints"],
)
def test_database_that_is_not_known_is_refused_by_name(work: Callable[[Connection], None]) -> None:
    connection = create_mock_engine("mssql://", lambda *_: pytest.fail("a statement was sent"))
    with pytest.raises(NotImplementedError, match="mssql"):
        work(cast(Connection, connection))
