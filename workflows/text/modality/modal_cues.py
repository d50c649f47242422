"""Cues of modality: the words by which a clause asks for, allows, forbids, or exempts from something. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from workflows.text.clauses.instruction_words import instruction_words
from workflows.text.modality.modality_words import ModalityWords, modality_words

Modality = Literal["obligation", "permission", "prohibition", "exemption"]
_CUES: dict[str, Modality | None] = {
    "leading": None,
    "urges": "obligation",
    "allows_despite": "permission",
    "exempts": "exemption",
    "refuses": "prohibition",
    "permits": "permission",
    "obliges": "obligation",
}
"""The modality by its words; the first that stands in a clause counts."""
_LISTS = {"en": frozenset({"or", "nor"}), "he": frozenset({"או"})}
_FUTURE = re.compile("ת[א-ת]{2,}[וי]")
_OWN_SUBJECT_WORDS = "you it he she they i this that the your a an if when then we who"
_OWN_SUBJECT = frozenset(_OWN_SUBJECT_WORDS.split())


def find_modalities(mains: Sequence[str], whole: str, language: str) -> list[Modality | None]:
    """The modality of each part; None of one that only limits."""
    is_list = not _LISTS[language].isdisjoint(whole.split())
    found: list[Modality | None] = []
    last: Modality | None = None
    for main in mains:
        found.append(_modality_in_list(main, last, is_list=is_list, language=language) if main else None)
        last = found[-1] if main else last
    return found


def head_of(words: Sequence[str], table: ModalityWords) -> str:
    """The first word that isn't a filler: the verb of a request."""
    return next((word for word in words if word not in table.fillers), "")


def _modality_in_list(main: str, last: Modality | None, *, is_list: bool, language: str) -> Modality | None:
    """As `find_modality`; one more thing of a list is asked for or forbidden as the `last` one."""
    known = find_modality(main, language)
    if last is None or main.split()[0] in _OWN_SUBJECT:
        return known
    is_refused = known == "obligation" and last in ("prohibition", "exemption") and is_list
    return last if known is None or is_refused else known


def find_modality(main: str, language: str) -> Modality | None:
    """The modality of a clause by itself; None of one that only says something."""
    table = modality_words(language)
    names = table.phrases.names(main)
    for name, modality in _CUES.items():
        if name in names:
            return modality
    return "obligation" if _is_order(main.split(), language) else None


def _is_order(words: list[str], language: str) -> bool:
    """Whether words begin with what may be an imperative."""
    table = modality_words(language)
    head = head_of(words, table)
    if language == "he":
        return len(head) > 2 and (head.endswith("ו") or _FUTURE.fullmatch(head) is not None)
    return head in table.orders or head in instruction_words().actions
