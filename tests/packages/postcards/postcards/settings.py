"""What an operator may set."""

import json
from collections.abc import Mapping

from pydantic import Field, field_validator

from storywire import FormatSettings, OwnPath


class PostcardSettings(FormatSettings, env_prefix="POSTCARDS_"):
    """POSTCARDS_ADDRESSES."""

    addresses: OwnPath | None = Field(None, description="File of addresses (JSON): names by id")

    @field_validator("addresses")
    @classmethod
    def _check_addresses(cls, path: OwnPath | None) -> OwnPath | None:
        read_addresses(path)
        return path


def read_addresses(path: OwnPath | None) -> Mapping[str, str]:
    """Names by id. Raises ValueError."""
    if path is None:
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path.name} is no file of addresses: {error}") from None
