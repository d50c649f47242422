"""What a line of the log may hold."""

import io
import sys

from pydantic import BaseModel, ValidationError

from backend.logs import _print_traceback, _traceback

WORDS = "Zilpah, who is seven,\nand likes bread"


class _Wish(BaseModel):
    age: int


def test_traceback_shows_where_and_what_but_no_value_that_a_caller_sent() -> None:
    wish = {"age": WORDS}
    try:
        _Wish.model_validate(wish)
    except ValidationError:
        text = _traceback(sys.exc_info())  # type: ignore[arg-type]
        printed = io.StringIO()
        _print_traceback(printed, sys.exc_info())  # type: ignore[arg-type]
    assert "test_log_lines.py" in text
    assert "Input should be a valid integer" in text
    assert "Zilpah" not in text
    assert "bread" not in text
    assert text in printed.getvalue()
