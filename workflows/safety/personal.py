"""Personal data that doesn't belong into a request: contact details and identifying numbers. Pure."""

import re

# From the last letter before the `@` on: what stands before it changes nothing, and would be tried from every letter.
_EMAIL = re.compile(r"[\w+-]@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(
    r"(?<![\w.,])(?:\+\d{1,3}[\s.\-]?)?(?:\(\d{1,4}\)[\s.\-]?|\d{2,4}[\s.\-])\d{3,4}[\s.\-]?\d{3,4}(?![\w])|(?<![\w.,])(?:\+\d{8,14}|0\d{8,10})(?!\w)"
)
# Not the digits of a decimal fraction.
_CARD = re.compile(r"(?<!\d)(?<!\d\.)(?<!\b0,)(?:\d[ -]?){12,18}\d(?!\d)")
_STREET = re.compile(
    r"\b\d{1,5}\s{1,4}((?:[A-Z][\w'’]{1,40}\s{1,4}){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct))\b\.?"
    r"|רחוב\s{1,4}([\u05d0-\u05ea'\"]{1,40}(?:\s{1,4}[\u05d0-\u05ea'\"]{1,40})?)\s{1,4}\d{1,4}"
)
# "10 Downing Street's cat", "the 39 Steps Street race": part of a name or a longer word, no address.
_GOES_ON = re.compile(
    r"['’]s\b|[ -](?!(?:in|and|near|with|by|on|at|where|to|please|is|was|or|but|so|from)\b)[a-z]+"
)
_LIVES_AT = re.compile(
    r"\b(?:live|lives|living|lived|address|home|house|visit|come|stay|staying)\b[^.!?\n]{0,30}$",
    re.IGNORECASE,
)
_IN_STORIES = re.compile(
    r"(?:downing|baker|sesame|elm) street|privet drive|evergreen terrace|wallaby way|pennsylvania avenue|סומסום",
    re.IGNORECASE,
)
_ID = re.compile(
    r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)|(?:תעודת זהות|ת\.?ז\.?|\bID|passport)\D{0,12}\d{7,9}(?!\d)",
    re.IGNORECASE,
)


def find_personal_data(text: str) -> str | None:
    """The kind of personal data in `text`, in words; the data itself is never repeated."""
    if _EMAIL.search(text):
        return "an e-mail address"
    if any(_passes_luhn(re.sub(r"\D", "", match.group())) for match in _CARD.finditer(text)):
        return "a card number"
    if _ID.search(text):
        return "an identity number"
    if _PHONE.search(text):
        return "a telephone number"
    if any(_is_address(text, match) for match in _STREET.finditer(text)):
        return "a street address"
    return None


def _is_address(text: str, match: re.Match[str]) -> bool:
    if _IN_STORIES.search(match.group()):
        return False
    is_said = _LIVES_AT.search(text[max(0, match.start() - 60) : match.start()]) is not None
    return is_said or _GOES_ON.match(text, match.end()) is None


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
