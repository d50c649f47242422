"""Detection of prompt injection, text that gives the model orders, by its wording. Pure.

Inputs, documents and search results are data. Prompts say so and set them apart; this finds the ones
that try anyway, so that nothing is spent on them. It is one layer of several: a text that gets past it
still stands between marks in the prompt, and what comes of it is checked like any other text.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from workflows.safety.words.folding import fold
from workflows.safety.words.spelling import close_gaps, readings, windows


def read_injection_patterns(name: str) -> re.Pattern[str]:
    """The patterns of a list, one regular expression per line, joined into one for folded text."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    orders = [line for line in lines if line and not line.startswith("# ")]
    return re.compile("|".join(f"(?:{order})" for order in orders), re.MULTILINE)


_PATTERN = read_injection_patterns("injection_patterns.txt")
_SQUEEZED = re.compile(
    "ignore(?:all|the|your|any)?(?:previous|prior|above|these|safety)?(?:instructions|rules|prompt)"
    "|systemprompt|disregardallrules|forgetyourinstructions"
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}[\s:]?){12,}(?![0-9a-f])")
# In scripts that set words apart; others write whole sentences so.
_SPACED = "[0-9A-Za-z\u00c0-\u06ff]"
_LONG_RUN = re.compile(f"(?<!{_SPACED})({_SPACED}{{50}}){_SPACED}+({_SPACED}{{50}})")
_TAGS = re.compile("[\U000e0020-\U000e007e]")  # invisible letters, which a model reads
_BACKWARDS = re.compile(r"snoitcurtsni|tpmorp metsys|selur (?:eht|lla|ruoy)")
_ROT13 = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
_TURNED = re.compile(r"(?:vtaber|qvfertneq|sbetrg)\W+(?:\w+\W+){0,4}?(?:vafgehpgvbaf|ehyrf|cebzcg)")


def find_injection(text: str) -> str | None:
    """The words in `text` that address the model, folded; None when there are none."""
    for layer in (text, *decoded(text)):
        if found := find_orders(layer, _PATTERN) or find_disguised(layer):
            return found
    return None


def find_orders(text: str, pattern: re.Pattern[str]) -> str | None:
    """The first match of these orders, in any reading of `text`, folded."""
    # A word and a gap have a length here, for a pattern over several of them is only then linear in the text.
    # The middle of a run of letters that is no word is none of any order.
    for window in windows(close_gaps(_LONG_RUN.sub(r"\1\2", text))):
        for reading in readings(window):
            if match := pattern.search(reading):
                return match.group().strip()[:80]
    return None


def find_disguised(text: str) -> str | None:
    """Orders disguised from people's eyes: run together, backwards, with rotated letters."""
    return next((found for window in windows(text) if (found := _find_disguised(window))), None)


def _find_disguised(text: str) -> str | None:
    folded = fold(text)
    for reading in readings(re.sub(r"[^\w\s]+|_+", "", folded)):
        if match := _SQUEEZED.search(reading):
            return match.group()
    if match := _BACKWARDS.search(folded):
        return match.group()
    if match := _TURNED.search(close_gaps(folded)):
        return match.group().translate(_ROT13)
    return None


def decoded(text: str) -> Iterator[str]:
    """Texts hidden in `text`: base64, hexadecimal, escapes, and invisible letters."""
    yield from concealed(text)
    for plain in (html.unescape(text), unquote(text)):
        if plain != text:
            yield plain


def concealed(text: str) -> Iterator[str]:
    """Passages unreadable as they are: base64, hexadecimal, and invisible letters."""
    for match in _ENCODED.finditer(text):
        if (plain := _from_base64(match.group())) is not None:
            yield plain
    for match in _HEX.finditer(text.lower()):
        yield bytes.fromhex(re.sub(r"[\s:]", "", match.group())).decode("utf-8", "ignore")
    if _TAGS.search(text):
        yield "".join(chr(ord(letter) - 0xE0000) for letter in _TAGS.findall(text))


def _from_base64(text: str) -> str | None:
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return plain if plain.isprintable() or "\n" in plain else None
