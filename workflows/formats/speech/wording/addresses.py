"""Web and e-mail addresses: found in a text, and said in words: "example dot org slash start". Pure."""

import re

_SAFE = r"A-Za-z0-9\-._~:/?#@!$&'()*+,;=%"
_TOP = (
    "com|org|net|edu|gov|int|mil|info|io|co|ai|app|dev|tv|fm|me|uk|us|ca|au|nz|ie|de|at|ch|fr|be|nl|it|es|pt|eu|il|ru|ua|pl|cz|se|"
    "no|dk|fi|gr|tr|jp|cn|kr|in|br|mx|ar|za"
)
ADDRESS = (
    rf"(?:(?:https?|ftp)://[{_SAFE}]+|(?<![\w.@-])www\.[{_SAFE}]+"
    r"|(?:mailto:)?(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    rf"|(?<![\w.@/-])(?:[A-Za-z0-9-]{{1,63}}\.){{1,4}}(?:{_TOP})/[{_SAFE}]*"
    rf"|(?:\b(?:doi|DOI):\s?)?(?<![\d.])10\.\d{{4,9}}/[{_SAFE}]+|\barXiv:\d{{4}}\.\d{{4,5}}(?:v\d)?)"
)
"""A pattern of one, without groups. A bare domain (`Booking.com`) is a name, and none."""
_FOUND = re.compile(ADDRESS, re.IGNORECASE)
_PREFIX = re.compile(r"^(?:mailto:|(?:https?|ftp)://)?(?:www\.)?", re.IGNORECASE)
_MOST = 50
_WORDS = {
    "en": {
        ".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals",
        "&": "and", "#": "hash", "+": "plus", "%": "percent", "~": "tilde", ":": "colon",
    },
    "he": {".": "נקודה", "/": "לוכסן", "@": "שטרודל", "-": "מקף", "_": "קו תחתון"},
}  # fmt: skip
"""Signs in words, by language; in another an address stays as it is written, without what stands before it."""


def bare_address(address: str) -> str:
    """An address without scheme, `www.` and what closes the sentence, in small letters: by which two are compared."""
    return _PREFIX.sub("", address).rstrip(".,;:!?')/").casefold()


def list_addresses(*texts: str) -> frozenset[str]:
    """The addresses in texts, as `bare_address` has them; of very many the first."""
    found = [bare_address(match.group()) for text in texts for match in _FOUND.finditer(text)]
    return frozenset(found[:_MOST])


def say_address(address: str, language: str = "en") -> str:
    """An address in words: "example dot org slash start"."""
    said = _PREFIX.sub("", address).strip("/")
    for sign, word in _WORDS.get(language.partition("-")[0], {}).items():
        said = said.replace(sign, f" {word} ")
    return " ".join(said.split())
