"""Normalised profiles, equal however they were typed. Pure."""

import hashlib
import json
import unicodedata
from typing import Any

from workflows.formats.discovery_report.input import DiscoveryInput


def normalise_profile(inputs: DiscoveryInput) -> dict[str, Any]:
    """The profile without case, extra white space, order, empty fields, and full stops at the end."""
    return {name: _plain(value) for name, value in sorted(inputs.model_dump().items()) if value is not None}


def profile_key(inputs: DiscoveryInput) -> str:
    """A digest of the normalised profile: 64 hexadecimal characters."""
    plain = json.dumps(normalise_profile(inputs), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(text) for key, text in value.items()}
    if isinstance(value, list):
        return sorted({_plain(text) for text in value})
    text = unicodedata.normalize("NFKC", value).casefold()
    return " ".join(text.split()).rstrip(".!;, ")
