"""Personal data that doesn't belong into a request: how to reach somebody, and numbers that identify. Pure."""

import re

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w.,])(?:\+\d{1,3}[\s.\-]?)?(?:\(\d{1,4}\)[\s.\-]?|\d{2,4}[\s.\-])\d{3,4}[\s.\-]?\d{3,4}(?![\w])|(?<![\w.,])(?:\+\d{8,14}|0\d{8,10})(?!\w)"
)
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_STREET = re.compile(
    r"\b\d{1,5}\s+(?:[A-Z][\w'’]+\s+){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct)\b\.?"
    r"|רחוב\s+[\u05d0-\u05ea'\"]+(?:\s+[\u05d0-\u05ea'\"]+)?\s+\d{1,4}"
)
_ID = re.compile(
    r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|(?:תעודת זהות|ת\.?ז\.?|\bID|passport)\D{0,12}\d{7,9}(?!\d)",
    re.IGNORECASE,
)


def find_personal_data(text: str) -> str | None:
    """What kind of personal data `text` holds, in words; the data itself is never repeated."""
    if _EMAIL.search(text):
        return "an e-mail address"
    if any(_passes_luhn(re.sub(r"\D", "", match.group())) for match in _CARD.finditer(text)):
        return "a card number"
    if _ID.search(text):
        return "an identity number"
    if _PHONE.search(text):
        return "a telephone number"
    if _STREET.search(text):
        return "a street address"
    return None


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
