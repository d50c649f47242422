"""Each rule of behaviour has a test of each client that it is a rule of."""

import re
from pathlib import Path

HERE = Path(__file__).parent
RULES: dict[str, tuple[str, str]] = {
    "one object is an iterable, a store and a promise, and no thenable": (
        "story is an iterable, a store and a promise of its end, and no thenable",
        "second_loop_goes_on_where_the_first_one_left",
    ),
    "leaving and stopping are two things": (
        "detach stops reading only, cancel stops the run",
        "left_story_closes_its_connection_and_the_run_goes_on",
    ),
    "the cursor is public": (
        "reader with a cursor is checked by the hash alone",
        "late_reader_and_one_with_a_cursor_get_the_same_text",
    ),
    "one POST with a key, then GETs after the last id": (
        "start is one POST with a key, and later attempts are GETs after the last id",
        "first_attempt_is_a_post_with_a_key_and_later_ones_are_gets_after_the_last_id",
    ),
    "an end without a last message is a break": (
        "end without a last message is a break, clean or not",
        "end_without_a_last_message_is_a_break",
    ),
    "4xx is final": ("status ${status} is final", "refusal_is_final"),
    "408, 429, 5xx and the network are tried again": (
        "status ${status} is tried again",
        "passing_failure_is_tried_again",
    ),
    "pauses grow with jitter, and Retry-After counts more": (
        "pauses grow to the longest, with jitter, and from what the service asks for",
        "pause_is_what_the_service_asks_for_else_grows_with_jitter",
    ),
    "a token function is called anew": (
        "token function is called anew for each attempt",
        "token_function_is_called_anew_for_each_attempt",
    ),
    "silence is a break": (
        "connection without a byte is given up after the idle time",
        "stalled_connection_is_given_up_after_the_idle_time",
    ),
    "messages with an old number are dropped": (
        "messages with an old number are dropped, and a cut frame is not taken",
        "messages_with_an_old_number_are_dropped",
    ),
    "the text is checked by its hash": (
        "text or hash that is not the service's is a mismatch",
        "text_that_is_not_the_services_is_a_hash_mismatch",
    ),
    "the reducer is pure and exported": ("reducer is pure, and keeps its object where nothing changes", ""),
    "updates are throttled": ("subscribers are called once a frame, and at the end at once", ""),
    "resume goes on from the same id": (
        "error ends the messages, rejects the end, and resume goes on from the same id",
        "cancelled_run_fails_and_is_resumed_under_the_same_id",
    ),
}
"""By rule: the test of the TypeScript client, and that of the Python client; nothing where it has no such thing."""


def test_every_rule_is_tested_in_each_client() -> None:
    typescript = (HERE / "typescript" / "rules.test.mjs").read_text(encoding="utf-8")
    python = "".join(
        (HERE / f"test_python_{name}.py").read_text(encoding="utf-8") for name in ("rules", "live")
    )
    named = set(re.findall(r"^\s*test\([\"`](.+?)[\"`],", typescript, re.MULTILINE))
    defined = set(re.findall(r"def test_(\w+)\(", python))
    for rule, (in_typescript, in_python) in RULES.items():
        assert in_typescript in named, rule
        assert not in_python or in_python in defined, rule
    assert len(RULES) == 15
