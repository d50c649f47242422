"""Clearance of what a chapter leaves to scenes and chapters after it: its bible and its summary.

Orders to a model go, and the rest stays: a field, a thread or a member of the cast at a time.
"""

import logging
from typing import Any

from workflows.formats.story.bible import CastMember, StoryBible
from workflows.safety.check import first_refused_field
from workflows.safety.policies.policy import Policy
from workflows.safety.untrusted.untrusted_content import strip_orders

_log = logging.getLogger(__name__)


def clear_bible(bible: StoryBible, policy: Policy) -> StoryBible:
    """The bible without sentences that sound like orders to a model, and without the fields that the policy refuses."""
    given = bible.model_dump()
    cast = [_clear_fields(member, policy) for member in given.pop("cast")]
    members = [CastMember(**member) for member in cast if member["name"]]
    return StoryBible(cast=members, **_clear_fields(given, policy))


def clear_summary(summary: str) -> str:
    """The summary without sentences that sound like orders to a model."""
    cleared, quotes = strip_orders(summary)
    if quotes:
        _log.warning("Orders to a model were left out of a chapter's summary.")
    return cleared


def _clear_fields(fields: dict[str, Any], policy: Policy) -> dict[str, Any]:
    return {name: _clear_field(name, value, policy) for name, value in fields.items()}


def _clear_field(name: str, value: Any, policy: Policy) -> Any:
    if isinstance(value, list):
        return [text for item in value if (text := _clear_field(name, item, policy))]
    cleared, quotes = strip_orders(value)
    if first_refused_field(policy, {name: cleared}) is not None:
        cleared, quotes = "", [cleared]
    if quotes:
        _log.warning("Left out of a story's bible, in `%s`: an order to a model, or what isn't fit.", name)
    return cleared
