"""Places of sources that the facts of a pack name, kept right where a list of sources changes. Pure."""

from collections.abc import Sequence
from typing import Any

from workflows.messages.messages import Source


def renumber_sources(pack: dict[str, Any], named: Sequence[Source], kept: Sequence[Source]) -> None:
    """Makes the places in `named`, from 1, that facts and numbers name those in `kept`; what isn't in it proves
    nothing."""
    new = {address_of(source): place for place, source in enumerate(kept, 1)}
    places = {
        old: new[address_of(source)] for old, source in enumerate(named, 1) if address_of(source) in new
    }
    listed = [pack[name] for name in ("key_facts", "numbers") if isinstance(pack.get(name), list)]
    for item in (one for items in listed for one in items if isinstance(one, dict)):
        if isinstance(item.get("sources"), list):
            found = (places[old] for old in item["sources"] if old in places)
            item["sources"] = list(dict.fromkeys(found))


def address_of(source: Source) -> str:
    """The address by which two sources are one."""
    return source["url"].rstrip("/")
