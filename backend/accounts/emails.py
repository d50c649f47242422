"""E-mail addresses of accounts."""

import re
import unicodedata

from workflows.errors import InvalidInput

_LONGEST = 254
# Without whitespace and control characters, so that no address brings a header of its own into a mail.
_FORM = re.compile(r"[^\s\x00-\x20\x7f@<>,;:\"()\[\]\\]{1,64}@[^\s\x00-\x20\x7f@<>,;:\"()\[\]\\]{1,189}")


def normalise_email(text: str) -> str:
    """The address as accounts are found by it: what differs in case or in composed characters alone is the same.
    Raises InvalidInput."""
    if len(text) <= 2 * _LONGEST:
        address = unicodedata.normalize("NFKC", text).strip().casefold()
        if len(address) <= _LONGEST and _FORM.fullmatch(address):
            return address
    raise InvalidInput.of("email", f"an e-mail address of at most {_LONGEST} characters is expected")
