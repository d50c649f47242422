"""Finish reasons mean the same however a server writes them, and wherever in a choice."""

import pytest

from workflows.models.replies.finish import read_outcome
from workflows.models.wire.chat import ChatStream, read_completion
from workflows.models.wire.traits import ServerTraits


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (
            "whole",
            "stop STOP FINISH_REASON_STOP endTurn stop-sequence eosFound stopStringFound </s> <|im_end|>",
        ),
        ("whole", "<|eot_id|> <|endoftext|> EndOfSequence end_id stopped finish"),
        ("whole", "<|eom_id|> EOT <|return|> end-of-message <｜end▁of▁sentence｜>"),
        ("length", "truncated length_exceeded maxOutputTokensReached TOKEN_LIMIT_EXCEEDED"),
        ("length", "max-tokens maxTokens FINISH_REASON_MAX_TOKENS maxPredictedTokensReached out_of_tokens"),
        ("filter", "contentFilter content-filter FINISH_REASON_SAFETY policy_violation blocked"),
        ("call", "toolUse tool-calls MALFORMED_FUNCTION_CALL"),
        ("failure", "userStopped modelUnloaded ERROR_LIMIT canceled stopped_by_user"),
        ("none", "null None FINISH_REASON_UNSPECIFIED"),
        ("whole", "stop_token_id stop_words_found natural-stop stop:eos succeeded"),
        (
            "length",
            "stop_limit hit_max_tokens MAX_LENGTH_EXCEEDED contextOverflow token_budget incomplete_stop ended_early",
        ),
        ("filter", "RESPONSE_BLOCKED MODEL_ARMOR guardrail abuse"),
        ("failure", "timedOut client_disconnected preempted rate_limit MALFORMED_RESPONSE"),
        ("unknown", "banana OTHER pause_turn not_finished no_stop"),
    ],
)
def test_finish_reason_means_the_same_however_it_is_written(outcome: str, words: str) -> None:
    assert {word: read_outcome(word) for word in words.split()} == dict.fromkeys(words.split(), outcome)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"finish_reason": {"type": "stop", "matched": 2}}, "stop"),
        ({"finish_reason": None, "stop_reason": "end_turn"}, "end_turn"),
        ({"finish_reason": "stop", "stop_reason": 128009}, "stop"),
        ({"done_reason": "length"}, "length"),
        ({"finish_reason": "null"}, None),
        ({"finish_reason": "None"}, None),
        ({"finish_reason": 7}, None),
        ({"index": "0", "finish_reason": "stop"}, "stop"),
    ],
)
def test_finish_reason_is_read_wherever_a_server_writes_it(choice: dict[str, object], expected: str) -> None:
    streamed = ChatStream(ServerTraits()).read({"choices": [{"delta": {"content": "a"}, **choice}]}) or {}
    whole = read_completion({"choices": [{"message": {"content": "a"}, **choice}]}, ServerTraits())

    assert streamed["choices"][0]["finish_reason"] == expected
    assert whole["choices"][0]["finish_reason"] == expected
