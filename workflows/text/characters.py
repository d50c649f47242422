"""Characters that can't be sent or written: halves of surrogate pairs, and those that XML forbids. Pure."""

import re

_HALF = re.compile("[\ud800-\udfff]")
# By XML 1.0, even escaped: control characters, halves of surrogate pairs, and two noncharacters.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def has_half(text: str) -> bool:
    """Whether there is a half of a surrogate pair in the text."""
    return not text.isascii() and _HALF.search(text) is not None


def replace_halves(text: str) -> str:
    """The text with U+FFFD for each half, so that it can be encoded."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def drop_unwritable(text: str) -> str:
    """The text without the characters that XML forbids."""
    return _NOT_IN_XML.sub("", text)
