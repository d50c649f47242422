"""Finish reasons of all providers and servers, and whether each means a whole reply."""

from typing import Literal

from langchain_core.messages import AIMessage

from workflows.errors import SafetyRejected
from workflows.models.replies.provider_strings import clean_string
from workflows.models.spec import ModelSpec

FinishOutcome = Literal[
    "whole", "call", "length", "filter", "recitation", "refusal", "failure", "unknown", "none"
]

# In lower case. OpenAI, Azure, Gemini, Anthropic, Mistral, Together, TGI, watsonx, Cohere, DeepSeek, Zhipu, Bedrock.
_WORDS: dict[str, FinishOutcome] = {
    **dict.fromkeys(
        (
            "stop",
            "end_turn",
            "completed",
            "complete",
            "eos",
            "eos_token",
            "eos_token_id",
            "stop_sequence",
            "stop_token",
            "stop_words",
            "end_of_text",
            "end_of_turn",
            "end_turn_token",
            "end",
            "finished",
            "done",
            "finish_reason_stop",
        ),
        "whole",
    ),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use"), "call"),
    **dict.fromkeys(
        (
            "length",
            "max_tokens",
            "max_length",
            "max_new_tokens",
            "max_output_tokens",
            "max_completion_tokens",
            "model_length",
            "token_limit",
            "length_limit",
            "incomplete",
            "model_context_window_exceeded",
            "context_length",
            "context_length_exceeded",
        ),
        "length",
    ),
    **dict.fromkeys(
        (
            "content_filter",
            "content-filter",
            "contentfilter",
            "content_filtered",
            "content_policy_violation",
            "filtered",
            "safety",
            "prohibited_content",
            "blocklist",
            "spii",
            "image_safety",
            "moderation",
            "guardrail_intervened",
            "sensitive",
            "error_toxic",
        ),
        "filter",
    ),
    "recitation": "recitation",
    "refusal": "refusal",
    **dict.fromkeys(
        (
            "error",
            "failed",
            "abort",
            "aborted",
            "cancelled",
            "network_error",
            "model_error",
            "server_error",
            "internal_error",
            "timeout",
            "insufficient_system_resource",
            "overloaded",
        ),
        "failure",
    ),
}
_UNFINISHED = {"in_progress", "queued"}


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
    return _WORDS.get(reason.strip().lower(), "unknown")


def filtered(spec: ModelSpec) -> SafetyRejected:
    """The error for a provider's filter. The next reply may pass, so the run can be resumed."""
    return SafetyRejected(
        f"The content filter of {spec} stopped the text. What was written before is kept; go on with the run, "
        "with another model if it happens again.",
        by_provider=True,
    )
