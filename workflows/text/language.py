"""Language of a text, guessed by its letters and its commonest words. Pure."""

import re
from collections import Counter

from workflows.text.words import list_words

_SAMPLE = 20_000
_SCRIPTS = {
    "he": re.compile("[\u05d0-\u05ea]"),
    "ar": re.compile("[\u0621-\u064a]"),
    "ru": re.compile("[\u0430-\u044f\u0451]"),
    "el": re.compile("[\u03b1-\u03c9]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
}
# Words that are common in one and rare in the others.
_COMMON = {
    "en": "the and of to is that with you for are your not this from have which",
    "de": "der die und das nicht ist mit sie ein eine auf werden bei oder zum von",
    "fr": "le les des est une dans pour que vous avec sur pas votre ou du et",
    "es": "el los las una que con para por su del como puede más es si y",
    "it": "il che di della per con una non sono gli nel alla è del anche o",
    "pt": "o os não uma que com para por seu dos você mais como pode são do",
    "nl": "de het een van en niet met voor zijn dat op uw bij ook wordt naar",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_LEAST_SHARE = 0.12


def guess_language(text: str) -> str | None:
    """A tag such as `en` or `he`; None without any indication."""
    sample = text[:_SAMPLE].casefold()
    letters = sum(character.isalpha() for character in sample)
    if not letters:
        return None
    for language, script in _SCRIPTS.items():
        if len(script.findall(sample)) / letters > 0.4:
            return language
    words = list_words(sample)
    counted = Counter({language: sum(word in known for word in words) for language, known in _WORDS.items()})
    language, count = counted.most_common(1)[0]
    return language if count >= _LEAST_SHARE * len(words) else None
