"""Spoken form of an episode: its turns for speech services, its language as a tag. Pure."""

import re

from workflows.formats.exports import Finished
from workflows.formats.podcast.dialogue import read_turns
from workflows.formats.speech.tags import TAG, vocabulary
from workflows.formats.speech.turns import Turn

_LANGUAGES = {
    "arabic": "ar", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id",
    "italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt", "mandarin": "zh",
    "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru",
    "serbian": "sr", "slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv", "thai": "th",
    "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi",
}  # fmt: skip
_NAMES = {tag: name.capitalize() for name, tag in reversed(_LANGUAGES.items())} | {"zh": "Chinese"}
_VARIETIES = frozenset(
    ("american", "argentine", "australian", "austrian", "belgian", "brazilian", "british", "canadian", "colombian",
     "egyptian", "european", "flemish", "indian", "irish", "latin", "mandarin", "mexican", "modern", "simplified",
     "standard", "swiss", "traditional")
)  # fmt: skip
LANGUAGES_ACCEPTED = (
    "a language's English name, such as English or Brazilian Portuguese, or its tag, such as en"
)
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
_REGION = re.compile(r"[a-z]{2}|[0-9]{3}")
_OTHER = "und"
"""What the standard of language tags calls a language that isn't known."""


def language_tag(name: str) -> str:
    """The tag of a language by its English name ("Brazilian Portuguese" too); a tag is returned as it is."""
    known = [_LANGUAGES[word] for word in name.casefold().split() if word in _LANGUAGES]
    if known:
        return known[-1]
    return name if _TAG.fullmatch(name) and len(name.partition("-")[0]) == 2 else _OTHER


def language_name(name: str) -> str:
    """A language as prompts name it: by its English name, with a variety. Raises ValueError for an unknown one."""
    *varieties, last = name.casefold().split() or [""]
    if last in _LANGUAGES and len(varieties) <= 2 and _VARIETIES.issuperset(varieties):
        return " ".join(word.capitalize() for word in [*varieties, last])
    language, _, region = last.replace("_", "-").partition("-")
    if not varieties and language in _NAMES and (not region or _REGION.fullmatch(region)):
        return _NAMES[language] + (f" ({region.upper()})" if region else "")
    raise ValueError(LANGUAGES_ACCEPTED)


def turns_of(finished: Finished) -> list[Turn]:
    """The turns of the sections. Brackets that hold no tag are spoken like all else."""
    hosts = [host["name"] for host in finished.input["hosts"]]
    return [
        Turn(speaker, TAG.sub(lambda found: _known(found) or found[1], said))
        for _, text in finished.sections
        for speaker, said in read_turns(text, hosts)
    ]


def _known(found: re.Match[str]) -> str | None:
    tag = vocabulary().find(found[1])
    return f"[{tag}]" if tag is not None else None
