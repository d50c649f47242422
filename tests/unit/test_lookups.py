"""What an input refers to: looked up for its owner, and told when it isn't there."""

from collections.abc import Mapping
from typing import Any

import pytest

from backend.lookups import StoredLookups
from backend.store.owner import Owner
from workflows.errors import NotFound
from workflows.lookups import EmptyLookups


async def _maya(owner: str, id: str) -> Mapping[str, Any] | None:
    return {"name": "Maya"} if (owner, id) == ("anna", "1") else None


async def test_lookups_finds_what_its_owner_keeps() -> None:
    assert await StoredLookups({"child": _maya}).find(Owner("anna"), "child", "1") == {"name": "Maya"}


@pytest.mark.parametrize(
    ("owner", "kind", "id"), [("ben", "child", "1"), ("anna", "child", "2"), ("anna", "story_session", "1")]
)
async def test_lookups_says_of_what_it_does_not_find_only_that_it_is_not_there(
    owner: str, kind: str, id: str
) -> None:
    with pytest.raises(NotFound, match=f"There is no {kind.replace('_', ' ')} {id}"):
        await StoredLookups({"child": _maya}).find(owner, kind, id)


async def test_lookups_that_is_empty_says_what_keeps_things() -> None:
    with pytest.raises(NotFound, match="without the service"):
        await EmptyLookups().find("anna", "child", "1")
