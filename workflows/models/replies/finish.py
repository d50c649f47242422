"""Finish reasons of all providers and servers, and whether each means a whole reply."""

import re
from typing import Literal

from langchain_core.messages import AIMessage

from workflows.errors import SafetyRejected
from workflows.models.replies.provider_strings import clean_string
from workflows.models.spec import ModelSpec

FinishOutcome = Literal[
    "whole", "call", "length", "filter", "recitation", "refusal", "failure", "unknown", "none"
]

# In lower case. OpenAI, Azure, Gemini, Anthropic, Mistral, Together, TGI, watsonx, Cohere, DeepSeek, Zhipu, Bedrock.
# `return` and `s` are of `<|return|>` and `</s>`.
_BY_OUTCOME: dict[FinishOutcome, str] = {
    "whole": (
        "stop end_turn completed complete eos eos_token eos_token_id stop_sequence stop_token stop_words "
        "end_of_text end_of_turn end_turn_token end finished done finish stopped normal endoftext "
        "end_of_sequence end_id eos_found im_end eot_id eot eom_id end_of_message end_of_sentence return s "
        "stop_id stop_str stop_string stop_string_found stop_word stop_token_ids"
    ),
    "call": (
        "tool_calls tool_call function_call function_calls tool_use malformed_function_call "
        "unexpected_tool_call"
    ),
    "length": (
        "length max_tokens max_length max_new_tokens max_output_tokens max_completion_tokens model_length "
        "token_limit token_limit_reached max_predicted_tokens_reached context_length_reached "
        "context_window_exceeded max_output limit length_capped out_of_tokens max_time length_limit "
        "length_exceeded truncated max_output_tokens_reached token_limit_exceeded incomplete "
        "model_context_window_exceeded context_length context_length_exceeded"
    ),
    "filter": (
        "content_filter contentfilter content_filtered content_policy content_policy_violation "
        "policy_violation prohibited blocked filtered safety prohibited_content blocklist spii "
        "image_safety moderation guardrail_intervened sensitive error_toxic"
    ),
    "recitation": "recitation image_recitation",
    "refusal": "refusal refused",
    "none": "null none unspecified",
    "failure": (
        "error failed abort aborted cancelled canceled user_cancel user_stopped model_unloaded unload "
        "error_limit network_error model_error server_error internal_error timeout "
        "insufficient_system_resource overloaded"
    ),
}
_WORDS = {word: outcome for outcome, words in _BY_OUTCOME.items() for word in words.split()}
# A word that no list has, by what it is made of, the graver first: `stop_limit`, `MAX_LENGTH_EXCEEDED`, `eos_hit`.
_PARTS: tuple[tuple[FinishOutcome, frozenset[str]], ...] = (
    (
        "filter",
        frozenset({"filter", "filtered", "block", "blocked", "safety", "moderation", "moderated"})
        | {"guardrail", "guardrails", "abuse", "policy", "armor", "toxic", "toxicity", "sensitive", "unsafe"},
    ),
    (
        "failure",
        frozenset(
            {"failed", "failure", "timeout", "timed", "abort", "aborted", "cancel", "cancelled", "canceled"}
        )
        | {"disconnect", "disconnected", "preempted", "overload", "overloaded", "oom", "crash", "unavailable"}
        | {"quota", "rate", "killed", "user", "client", "interrupted", "invalid", "malformed"},
    ),
    (
        "length",
        frozenset({"length", "max", "maximum", "limit", "truncated", "truncation", "budget", "overflow"})
        | {"exceeded", "maxtokens", "incomplete", "unfinished", "partial", "premature", "early"},
    ),
    ("failure", frozenset({"error", "exception"})),
    (
        "whole",
        frozenset({"stop", "stopped", "eos", "eot", "end", "ended", "finish", "finished", "complete"})
        | {"completed", "success", "succeeded", "ok"},
    ),
)
_UNFINISHED = {"in_progress", "queued"}
# One word however it is written: `maxTokens`, `max-tokens`, `FINISH_REASON_MAX_TOKENS`, `<|im_end|>`.
_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_LETTERS = re.compile(r"[^A-Za-z0-9]+")


def finish_reason(chunk: AIMessage) -> str | None:
    """The finish reason in this chunk, if any: OpenAI chat, OpenAI Responses or Gemini."""
    metadata = chunk.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("status")
    if metadata.get("status") == "incomplete":
        reason = (metadata.get("incomplete_details") or {}).get("reason", "incomplete")
    if reason in _UNFINISHED:
        return None
    if not reason and (metadata.get("prompt_feedback") or {}).get("block_reason"):
        return "PROHIBITED_CONTENT"  # Gemini refused to begin
    return clean_string(str(reason or ""), 40) or None


def read_outcome(reason: str | None) -> FinishOutcome:
    """The outcome that a finish reason means."""
    if reason is None or not reason.strip():
        return "none"
    word = _BORDER.sub("_", reason.strip())
    word = (
        _NOT_LETTERS.sub("_", word)
        .strip("_")
        .lower()
        .removeprefix("finish_reason_")
        .removeprefix("stop_reason_")
    )
    return _WORDS.get(word) or _read_parts(word)


def _read_parts(word: str) -> FinishOutcome:
    """The outcome of a word that isn't known. What says no more than that something is over isn't believed beside
    "not": `not_finished`."""
    parts = set(word.split("_"))
    if parts & {"not", "no", "un", "non", "in"}:
        return "unknown"
    return next((outcome for outcome, words in _PARTS if parts & words), "unknown")


def filtered(spec: ModelSpec) -> SafetyRejected:
    """The error for a provider's filter. The next reply may pass, so the run can be resumed."""
    return SafetyRejected(
        f"The content filter of {spec} stopped the text. What was written before is kept; go on with the run, "
        "with another model if it happens again.",
        by_provider=True,
    )
