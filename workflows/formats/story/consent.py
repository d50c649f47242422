"""Consent of a parent: what may be said of a child without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from workflows.errors import InvalidInput
from workflows.safety.personal_fields import find_given

_WHY = "a parent's consent to keeping this is required here"


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """The rule whether a child's data may be kept."""

    is_required: bool = False

    def check_child(self, child: Mapping[str, Any], field: str) -> None:
        """Raises InvalidInput for a stored child, as it was looked up, whose parent hasn't consented."""
        if self.is_required and not child["has_consent"]:
            message = f"{_WHY}: say `consent: true` for this child (PATCH /api/v1/children), or delete it"
            raise InvalidInput.of(field, message)

    def check_given(self, given: BaseModel, root: str) -> None:
        """Raises InvalidInput for what is said of a person in the fields that are marked as personal, but for a child
        that is stored."""
        if self.is_required and (field := find_given(given, root)) is not None:
            message = (
                f"{_WHY}: store the child with `consent: true` (POST /api/v1/children), and give its child_id"
            )
            raise InvalidInput.of(field, message)
