"""Translation of errors of providers, their SDKs and the network into errors for a person.

Imported when something broke: it knows every SDK's exceptions, and SDKs take seconds to load.
"""

import re
from collections.abc import Callable
from http import HTTPStatus

import httpx
import httpx2
import openai
from langchain_core import exceptions as langchain_errors
from pydantic import ValidationError

from workflows.errors import (
    ModelAuth,
    ModelBadOutput,
    ModelError,
    ModelNotConfigured,
    ModelRateLimited,
    ModelTimeout,
    ModelTruncated,
    ModelUnavailable,
    StorywireError,
)
from workflows.models.calls.causes import is_insecure, iterate_causes
from workflows.models.calls.retry_after import read_retry_after
from workflows.models.calls.structured_output import other_mode
from workflows.models.choice.connections import ADDRESSES, KEYS
from workflows.models.replies.finish import filtered
from workflows.models.spec import ModelSpec
from workflows.models.structured import StructuredMode
from workflows.models.wire.bounds import UnendingReply
from workflows.models.wire.errors import status_of

_SDKS = frozenset({"openai", "google", "langchain_google_genai", "httpcore", "httpx2", "aiohttp"})
# OpenAI's codes for an account without credit, which no waiting mends.
_NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_LONGEST = 10_000
# Reasons for a refused request, by the words of OpenAI, Azure, vLLM, llama.cpp, LM Studio, Mistral, Together,
# Groq and OpenRouter; they have no codes in common.
_TOO_LONG = re.compile(
    r"context[_ ](?:length|window|size)|maximum context|max_model_len|n_ctx|"
    r"(?:prompt|input|request) is too (?:long|large)|too many (?:input )?tokens",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content management policy|content[_ ]policy|responsible ?ai|flagged|moderation",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|not a valid model|(?:unknown|invalid|no such) model|no endpoints found|"
    r"model [^.]{0,80}(?:not found|does ?n[o']t exist|is not available|not loaded)",
    re.IGNORECASE,
)
_LIMIT_FIELD = re.compile(r"\bmax_(?:completion_|output_|new_)?tokens\b", re.IGNORECASE)
_OTHER_FIELD = re.compile(
    r"\b(?:temperature|top_p|stream_options|messages|role|system|seed)\b", re.IGNORECASE
)
_FORM = re.compile(r"response_format|schema|json|tool|function|grammar|structured", re.IGNORECASE)


def translate_fault(
    spec: ModelSpec, error: Exception, structured_mode: StructuredMode | None = None
) -> Exception:
    """A ModelError with a sentence about the model; the error itself if it isn't a provider's.

    `structured_mode` is the mode in which an answer in a form was asked for, if one was.
    """
    if (known := _by_cause(spec, error)) is not None:
        return known
    for kinds, make in _TRANSLATIONS:
        if isinstance(error, kinds):
            return _refused(spec, error, structured_mode) if make is _refused else make(spec, error)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(error, openai.APIError) and not isinstance(status, int):  # in the middle of a stream
        status = status_of({"code": error.code, "type": error.type})
        if status == HTTPStatus.BAD_GATEWAY:
            return _broke_off(spec)
    if isinstance(status, int):
        return _by_status(spec, error, status, structured_mode)
    if type(error).__module__.split(".")[0] in _SDKS:
        return _broke_off(spec)
    return error


def _by_cause(spec: ModelSpec, error: Exception) -> StorywireError | None:
    """The error where its words or its causes tell more than its type."""
    if "API_KEY_INVALID" in str(error):  # Gemini calls a wrong key an invalid request
        return _auth(spec, error)
    if is_insecure(error):
        return _insecure(spec, error)
    unending = next((cause for cause in iterate_causes(error) if isinstance(cause, UnendingReply)), None)
    if unending is not None:
        return ModelBadOutput(
            f"{spec} {unending} Go on with the run, with another model if it happens again."
        )
    return None


def _broke_off(spec: ModelSpec) -> ModelUnavailable:
    return ModelUnavailable(f"{spec} broke off the reply. Go on with the run, or try again later.")


def _by_status(
    spec: ModelSpec, error: Exception, status: int, structured_mode: StructuredMode | None
) -> StorywireError:
    if status < 400:
        return _redirected(spec)
    if status in (401, 403):
        return _auth(spec, error)
    if status == 402:
        return _no_credit(spec)
    if status == 404:
        return _no_model(spec, error)
    if status == 429:
        return _rate_limited(spec, error)
    if status in (408, 504):
        return _timeout(spec, error)
    return _unavailable(spec, error) if status >= 500 else _refused(spec, error, structured_mode)


def _auth(spec: ModelSpec, error: Exception) -> StorywireError:
    if getattr(error, "status_code", None) == HTTPStatus.FORBIDDEN and _FILTERED.search(_words(error)):
        return filtered(spec)  # OpenRouter's moderation
    key = KEYS.get(spec.provider)
    advice = f"Check {key}" if key else "Check the key"
    return ModelAuth(f"The provider of {spec} refused the key. {advice}, and what the key may use.")


def _no_model(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    return ModelNotConfigured(
        f"The provider knows no model {spec}, or the key may not use it. "
        "Check STORYWIRE_MODEL or the run's model; storywire doctor says which there are."
    )


def _rate_limited(spec: ModelSpec, error: Exception) -> ModelError:
    if any(getattr(cause, "code", None) in _NO_CREDIT for cause in iterate_causes(error)):
        return _no_credit(spec)
    seconds = next(filter(None, map(read_retry_after, iterate_causes(error))), None)
    when = "Try again later." if seconds is None else f"Try again in {seconds} second{'s' * (seconds != 1)}."
    return ModelRateLimited(
        f"The provider of {spec} asks to slow down, or its account is out of credit. {when}"
    )


def _no_credit(spec: ModelSpec) -> ModelError:
    return ModelRateLimited(
        f"The account behind {spec} is out of credit. Look at the provider's billing page."
    )


def _redirected(spec: ModelSpec) -> ModelError:
    return ModelUnavailable(
        f"The address of {spec} redirects elsewhere, and a call isn't sent on. Set "
        f"{ADDRESSES.get(spec.provider, 'its address')} to where the server really is (https, ending in /v1)."
    )


def _timeout(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    return ModelTimeout(
        f"{spec} sent nothing for too long. Try again later, or with another model; a slow one may need a longer "
        "STORYWIRE_TOKEN_TIMEOUT, and for plans and verdicts STORYWIRE_ANSWER_TIMEOUT."
    )


def _unavailable(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    address = ADDRESSES.get(spec.provider)
    advice = f" If it goes on, check {address}." if address else ""
    return ModelUnavailable(
        f"The provider of {spec} can't be reached or is failing. Try again later.{advice}"
    )


def _insecure(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    address = ADDRESSES.get(spec.provider, "its address")
    return ModelUnavailable(
        f"No secure connection (TLS) to the provider of {spec} could be made. Check {address} and, for a "
        "certificate of your own, SSL_CERT_FILE."
    )


def _too_long(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    return ModelBadOutput(f"What {spec} was given is too long for it. Ask for less, or take a larger model.")


def _refused(
    spec: ModelSpec, error: Exception, structured_mode: StructuredMode | None = None
) -> StorywireError:
    words = _words(error)
    if _TOO_LONG.search(words):
        return _too_long(spec, error)
    if _FILTERED.search(words):
        return _filtered(spec, error)
    if _NO_MODEL.search(words):
        return _no_model(spec, error)
    if _LIMIT_FIELD.search(words):
        return ModelBadOutput(
            f"The provider of {spec} refused the limit of tokens that the run's max_output_tokens or budget_usd "
            "sets. Resume it with another one, or with another model."
        )
    other = None if structured_mode is None else other_mode(structured_mode)
    if other is None or (_OTHER_FIELD.search(words) and not _FORM.search(words)):
        return ModelBadOutput(f"The provider of {spec} refused the request as it is.")
    return ModelBadOutput(
        f"The provider of {spec} refused a request for an answer in a form (mode {structured_mode}). If the model has "
        f"no such mode, choose another one: STORYWIRE_STRUCTURED_MODES={spec}={other}"
    )


def _words(error: Exception) -> str:
    """The provider's own words: to be understood, never to be shown."""
    return f"{error} {getattr(error, 'body', None) or ''}"[:_LONGEST]


def _bad_output(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    return ModelBadOutput(f"{spec} did not answer in the form that was asked for.")


def _truncated(spec: ModelSpec, error: Exception) -> ModelError:
    del error
    return ModelTruncated(f"The reply of {spec} hit its length limit.")


def _filtered(spec: ModelSpec, error: Exception) -> StorywireError:
    del error
    return filtered(spec)


# First match wins: langchain's own classes are the same for every provider, then the SDKs' and httpx's.
_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], Callable[..., StorywireError]], ...] = (
    ((langchain_errors.ModelAuthenticationError, langchain_errors.ModelPermissionDeniedError), _auth),
    ((langchain_errors.ModelNotFoundError,), _no_model),
    ((langchain_errors.ModelRateLimitError,), _rate_limited),
    (
        (
            langchain_errors.ModelTimeoutError,
            TimeoutError,
            httpx.TimeoutException,
            httpx2.TimeoutException,
            openai.APITimeoutError,
        ),
        _timeout,
    ),
    (
        (
            langchain_errors.ModelConnectionError,
            langchain_errors.ModelAPIError,
            httpx.TransportError,
            httpx2.TransportError,
        ),
        _unavailable,
    ),
    ((langchain_errors.ContextOverflowError,), _too_long),
    ((langchain_errors.ModelInvalidRequestError,), _refused),
    ((openai.LengthFinishReasonError,), _truncated),
    ((openai.ContentFilterFinishReasonError,), _filtered),
    ((langchain_errors.OutputParserException, ValidationError), _bad_output),
    # A chunk that isn't JSON, or OpenAI's Responses API breaking off.
    ((ValueError,), _unavailable),
)
