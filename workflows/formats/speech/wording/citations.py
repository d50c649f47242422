"""Citations and addresses, which can't be spoken: links, footnotes, sources in brackets, URLs, e-mail. Pure.

What is taken out leaves `REMOVED` in its place, so that the space around it can be closed. An address that the brief
gave, such as that of a call to action, is no citation: it is said in words.
"""

import re
from dataclasses import dataclass

from workflows.formats.speech.stage import is_stage_direction
from workflows.formats.speech.tags import vocabulary
from workflows.formats.speech.wording.addresses import ADDRESS, bare_address, say_address

REMOVED = "\0"
"""Stands where something was taken out. No text that comes in holds it."""

_LONGEST = 400
_ANY_ADDRESS = re.compile(ADDRESS)
_LED_ADDRESS = re.compile(
    r"(?:(?<!\w)(?:at|on|via|from|to|under|through|by|(?:sources?|link|url|website|e-?mail|doi):)\s{1,3}|(?<!\w)[א-ת]-)?"
    rf"(?P<address>{ADDRESS})",
    re.IGNORECASE,
)
# fmt: off
LEADS = frozenset({
    "at", "on", "via", "from", "to", "under", "through", "by", "doi", "doi:", "source:", "sources:", "link:", "url:",
    "website:", "email:", "e-mail:",
})
# fmt: on
"""Words that go with an address that follows."""
_ARTEFACT = re.compile(
    r"\ue200[^\ue201]{0,200}\ue201|:contentReference\[oaicite:\d{1,6}\]\{index=\d{1,6}\}|\(oaicite:\d{1,6}\)"
)
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\]\([^()\n]{0,1000}\)")
_TARGET = r"\(\s{0,3}(<?[^()\s]{0,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,1000})?)(?:\s{1,3}\"[^\"\n]{0,200}\")?\s{0,3}\)"
_ASIDE_LINK = re.compile(rf"\(\s?\[[^\[\]\n]{{0,300}}\]{_TARGET}\s?\)")
_DOUBLE_LINK = re.compile(rf"\[\[[^\[\]\n]{{0,100}}\]\]{_TARGET}")
_LINK = re.compile(rf"\[([^\[\]\n]{{0,300}})\]{_TARGET}")
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,300})\]\[\d{0,3}\]")
_NUMBERS = re.compile(r"\W{0,9}\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){0,20}\W{0,9}|\^.{0,99}")
_LENTICULAR = re.compile(r"【[^【】\n]{0,200}】")
_SUPERSCRIPT = re.compile(r"(?:(?<=[^\W\d_]{3})|(?<=[.,;:!?”\"’)%\]]))[¹²³⁰⁴-⁹]+|(?<=[\w.,;:!?”\"’)])[†‡]+")
_SOURCE = re.compile(
    r"\W{0,9}(?:sources?|citations?|cite|ref(?:erence)?s?|quellen?|fuentes?|fonte|источник|מקור|מקורות|المصدر"
    r"|来源|出典|출처)\s{0,3}(?:[:：].{0,400}|\d{0,3}\W{0,9})",
    re.IGNORECASE,
)
_ET_AL, _YEAR = re.compile(r"\bet al\b"), re.compile(r"\b(?:19|20)\d\d[a-z]?\b")
_AUTHOR = (
    r"[A-Z][\w'’-]{1,40}(?: (?:&|and) [A-Z][\w'’-]{1,40})?,? (?:19|20)\d\d[a-z]?(?:, pp?\. ?[\d–-]{1,12})?"
)
_AUTHORS = re.compile(rf"(?:see |cf\. )?{_AUTHOR}(?:; {_AUTHOR}){{0,8}}")
_DATED = re.compile(
    r"(?:in |early |late )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|autumn|fall|winter"
    r"|since|from|until|about|around|circa|before|after)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GivenAddresses:
    """Addresses that may be said, as `bare_address` has them, and the language to say them in."""

    known: frozenset[str] = frozenset()
    language: str = "en"

    def say(self, address: str) -> str | None:
        """The address in words; None where it wasn't given."""
        return say_address(address, self.language) if bare_address(address) in self.known else None


_NONE_GIVEN = GivenAddresses()


def take_out_citations(text: str, given: GivenAddresses = _NONE_GIVEN) -> str:
    """`text` with `REMOVED` in place of citations and addresses; the words of a link stay."""
    if "\ue200" in text or "oaicite" in text:
        text = _ARTEFACT.sub(REMOVED, text)
    if "](" in text or "][" in text:
        text = _ASIDE_LINK.sub(REMOVED, _IMAGE.sub(REMOVED, text))
        text = _DOUBLE_LINK.sub(REMOVED, text)
        text = _LINK.sub(lambda found: _read_link(found, given), text)
        text = _REFERENCE.sub(_read_reference, text)
    if "【" in text:
        text = _LENTICULAR.sub(REMOVED, text)
    return _SUPERSCRIPT.sub(REMOVED, text)


def take_out_addresses(text: str, given: GivenAddresses = _NONE_GIVEN) -> str:
    """`text` with `REMOVED` in place of addresses, and of the word before one: "at https://…"."""
    return _LED_ADDRESS.sub(lambda found: _read_address(found, given), text)


def is_citation(said: str) -> bool:
    """Whether text between round brackets is a source or an address: "Source: …", "Levi et al., 2020"."""
    said = said.strip()
    if len(said) > _LONGEST:
        return False
    if _ANY_ADDRESS.search(said) or _SOURCE.fullmatch(said) or (_ET_AL.search(said) and _YEAR.search(said)):
        return True
    return _AUTHORS.fullmatch(said) is not None and _DATED.match(said) is None


def _read_link(found: re.Match[str], given: GivenAddresses) -> str:
    words, target = found[1].strip(), found[2].strip("<>")
    if given.say(target) is not None:
        return words if _ANY_ADDRESS.search(words) else f"{words}, {target}".strip(", ")
    is_number = not words or _NUMBERS.fullmatch(words) is not None
    return REMOVED if is_number or _ANY_ADDRESS.search(words) or _SOURCE.fullmatch(words) else words


def _read_reference(found: re.Match[str]) -> str:
    words = found[1]
    is_note = _NUMBERS.fullmatch(words) or vocabulary().find(words) or is_stage_direction(words)
    return found.group() if is_note else words


def _read_address(found: re.Match[str], given: GivenAddresses) -> str:
    """The replacement of an address; closing signs of the sentence aren't part of it."""
    address = found["address"]
    unopened = address.count(")") - address.count("(")
    end = len(address)
    while end and address[end - 1] in ".,;:!?')":
        if address[end - 1] == ")":
            if unopened <= 0:
                break
            unopened -= 1
        end -= 1
    unmarked = len(address[:end].rstrip("*_"))  # of emphasis around it
    said = given.say(address[:unmarked])
    if said is None:
        return REMOVED + address[end:]
    end = unmarked
    return found.group()[: found.start("address") - found.start()] + said + address[end:]
