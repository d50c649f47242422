"""What providers, their SDKs and the network throw → the errors that a person is told.

Imported when something broke: it knows every SDK's exceptions, and SDKs take seconds to load.
"""

from collections.abc import Callable

import httpx
import openai
from langchain_core import exceptions as langchain_errors
from langchain_openai.chat_models.base import OpenAIRefusalError
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
    SafetyRejected,
    StorywireError,
)

_SDKS = frozenset({"openai", "google", "langchain_google_genai", "httpcore", "aiohttp"})


def translate_fault(name: str, error: Exception) -> Exception:
    """A ModelError with a sentence about the model `name`; the error itself if it isn't a provider's."""
    if "API_KEY_INVALID" in str(error):  # Gemini calls a wrong key an invalid request
        return _auth(name)
    for kinds, make in _TRANSLATIONS:
        if isinstance(error, kinds):
            return make(name)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(status, int):
        return _by_status(name, status)
    if type(error).__module__.split(".")[0] in _SDKS:
        return ModelUnavailable(f"{name} broke off the reply.")
    return error


def _by_status(name: str, status: int) -> ModelError:
    if status in (401, 403):
        return _auth(name)
    if status == 404:
        return _no_model(name)
    if status == 429:
        return _rate_limited(name)
    if status == 408:
        return _timeout(name)
    return _unavailable(name) if status >= 500 else _refused(name)


def _auth(name: str) -> ModelError:
    return ModelAuth(f"The provider of {name} refused the key. Check the key and what it may use.")


def _no_model(name: str) -> ModelError:
    return ModelNotConfigured(
        f"The provider knows no model {name}. Check STORYWIRE_MODEL or the run's model."
    )


def _rate_limited(name: str) -> ModelError:
    return ModelRateLimited(f"The provider of {name} asks to slow down, or its account is out of credit.")


def _timeout(name: str) -> ModelError:
    return ModelTimeout(f"{name} sent nothing for too long.")


def _unavailable(name: str) -> ModelError:
    return ModelUnavailable(f"The provider of {name} can't be reached or is failing.")


def _refused(name: str) -> ModelError:
    return ModelBadOutput(f"The provider of {name} refused the request as it is.")


def _bad_output(name: str) -> ModelError:
    return ModelBadOutput(f"{name} did not answer in the form that was asked for.")


def _truncated(name: str) -> ModelError:
    return ModelTruncated(f"The reply of {name} hit its length limit.")


def _filtered(name: str) -> StorywireError:
    return SafetyRejected(f"The content filter of {name} stopped the text.")


# First match wins: langchain's own classes are the same for every provider, then the SDKs' and httpx's.
_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], Callable[[str], StorywireError]], ...] = (
    ((langchain_errors.ModelAuthenticationError, langchain_errors.ModelPermissionDeniedError), _auth),
    ((langchain_errors.ModelNotFoundError,), _no_model),
    ((langchain_errors.ModelRateLimitError,), _rate_limited),
    (
        (langchain_errors.ModelTimeoutError, TimeoutError, httpx.TimeoutException, openai.APITimeoutError),
        _timeout,
    ),
    (
        (langchain_errors.ModelConnectionError, langchain_errors.ModelAPIError, httpx.TransportError),
        _unavailable,
    ),
    ((langchain_errors.ModelInvalidRequestError, langchain_errors.ContextOverflowError), _refused),
    ((openai.LengthFinishReasonError,), _truncated),
    ((openai.ContentFilterFinishReasonError,), _filtered),
    ((OpenAIRefusalError, langchain_errors.OutputParserException, ValidationError), _bad_output),
    # A chunk that isn't JSON, or OpenAI's Responses API breaking off.
    ((ValueError,), _unavailable),
)
