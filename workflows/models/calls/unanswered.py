"""Failures of a model that was asked about a text, by whether the text has to wait until they are mended."""

import logging

from workflows.errors import (
    ModelBadOutput,
    ModelRateLimited,
    ModelTimeout,
    ModelTruncated,
    ModelUnavailable,
    SafetyRejected,
    StorywireError,
)

_log = logging.getLogger(__name__)

REPLY_FAILED = (ModelBadOutput, ModelTruncated, SafetyRejected)
"""It answered, and not with what was asked for: prose, a refusal, half an answer, one that its provider's filter
stopped. The same question would end so again."""
AWAY = (ModelTimeout, ModelUnavailable, ModelRateLimited)
"""It can't be reached at present. Nobody has done anything wrong, and nobody knows when it will be back.

Neither has a key that is refused, a model that isn't there, or a budget that is used up: those a person can mend, and
the run, which has failed with them, goes on from its text.
"""


def log_unanswered(judge: str, error: StorywireError) -> None:
    """A warning for the operator that words decide in place of the `judge`. Its code alone: the message of an error
    may have something of the reply."""
    _log.warning("judge_unanswered: %s, %s", judge, error.code)


def log_nothing_judged(judge: str) -> None:
    """The same for a `judge` that answered in the right form, for nothing that it was asked about: it counts from
    another number, or judges what isn't there."""
    _log.warning("judge_unanswered: %s, NOTHING_JUDGED", judge)
