"""What an input refers to: looked up for its owner, and told when it isn't there."""

from collections.abc import Mapping
from typing import Any

import pytest

from backend.lookups import GrantedLookups, StoredLookups
from backend.store.owner import Owner
from workflows.errors import Forbidden, NotFound
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


@pytest.mark.parametrize(
    ("scopes", "is_granted"),
    [(None, True), ({"children:read"}, True), ({"library:read"}, False), (frozenset(), False)],
)
async def test_key_finds_what_its_scopes_let_it_read_alone(scopes: set[str] | None, is_granted: bool) -> None:
    stored = StoredLookups({})
    stored.add({"child": _maya}, "children")
    lookups = GrantedLookups(stored, None if scopes is None else frozenset(scopes))
    if is_granted:
        assert await lookups.find("anna", "child", "1") == {"name": "Maya"}
        return
    for id in ("1", "2"):  # whether or not it is there
        with pytest.raises(Forbidden, match="children:read"):
            await lookups.find("anna", "child", id)
