"""The codes of errors are part of the contract: they never change, nor does what may be done about them."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from workflows.errors import StorywireError, describe_fault

# code: (the same request may succeed later, a run that it ended can go on)
CONTRACT = {
    "INTERNAL": (True, True),
    "INVALID_INPUT": (False, False),
    "UNAUTHENTICATED": (False, False),
    "FORBIDDEN": (False, False),
    "NOT_FOUND": (False, False),
    "CONFLICT": (False, False),
    "PAYLOAD_TOO_LARGE": (False, False),
    "RATE_LIMITED": (True, True),
    "OVERLOADED": (True, True),
    "QUOTA_EXCEEDED": (True, True),
    "MODEL_NOT_CONFIGURED": (False, True),
    "MODEL_AUTH": (False, True),
    "MODEL_RATE_LIMITED": (True, True),
    "MODEL_TIMEOUT": (True, True),
    "MODEL_UNAVAILABLE": (True, True),
    "MODEL_TRUNCATED": (True, True),
    "MODEL_BAD_OUTPUT": (True, True),
    "SAFETY_REJECTED": (False, False),
    "BUDGET_EXCEEDED": (False, True),
    "CANCELLED": (False, True),
    "TIMEOUT": (True, True),
}


def _leaves(root: type[StorywireError]) -> Iterator[type[StorywireError]]:
    for kind in root.__subclasses__():
        yield from _leaves(kind) if kind.__subclasses__() else [kind]


LEAVES = list(_leaves(StorywireError))


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_error_has_the_code_and_the_ways_out_of_the_contract(kind: type[StorywireError]) -> None:
    assert (kind.retryable, kind.resumable) == CONTRACT[kind.code]
    error = kind("The sentence.")
    assert (error.message, str(error)) == ("The sentence.", "The sentence.")


def test_errors_have_one_code_each() -> None:
    assert sorted(kind.code for kind in LEAVES) == sorted(CONTRACT)


def test_fault_of_a_field_is_told_in_words_for_who_fills_in_a_form() -> None:
    class Form(BaseModel):
        name: str = Field(max_length=3)
        age: int = Field(ge=3)
        words: list[str] = Field(min_length=1)

        @field_validator("words")
        @classmethod
        def _refuse(cls, words: list[str]) -> list[str]:
            raise ValueError(f"{len(words)} word has no rhyme")

    with pytest.raises(ValidationError) as refused:
        Form.model_validate({"age": 2, "words": ["a"]})
    assert [describe_fault(item) for item in refused.value.errors()] == [
        "This is needed",
        "This should be greater than or equal to 3",
        "1 word has no rhyme",
    ]
    with pytest.raises(ValidationError) as refused:
        Form.model_validate({"name": "Maya", "age": 3, "words": []})
    assert [describe_fault(item) for item in refused.value.errors()] == [
        "This should have at most 3 characters",
        "This should have at least 1 item",
    ]
