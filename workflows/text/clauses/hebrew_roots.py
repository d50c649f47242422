"""Roots of Hebrew words, near enough to compare forms of one verb or noun: "לנהוג", "נהגו", "תנהגו". Pure."""

import re
from functools import lru_cache

_FINALS = str.maketrans("ךםןףץ", "כמנפצ")
_WATER = re.compile("^[והבלמ]?מימ$")
"""A root of its own: after a letter before it, it would look like a plural."""
_REFLEXIVE = re.compile("^(?:ל?הת|תת|מת|נת|ית)(?=[א-ת]{3})")
_ARTICLE = re.compile("^[ולבכמש]?ה(?=[א-ת]{3})")
_ENDING = re.compile("(?<=[א-ת]{2})(?:(?<!י)ימ|יות|ות|יה|ה|ת|ו|י)$")
_OF_TAV = re.compile("^ו?ש?(?:לה([א-ת]{2})|[תינמ](פח|שב|שח|צמ))ית$")
"""Causative verb whose root ends like an ending: "להפחית" beside "הפחיתו". Other words of this form, such as "תבנית",
are nouns, so all but the infinitive are told by their roots."""
_OF_VAV = re.compile("^ו?ש?[תינ](?=ו[א-ת]י[אבגדזחטכלנסעפצקרש][וי]?$)")
"""Letter before a causative verb whose root begins with a vowel letter: "תוסיפו" beside "הוסיפו"."""
_MATRES = re.compile("(?<=[א-ת])[וי]+(?=[א-ת])")
_KEPT = 1 << 14
_FEWEST = {"ל": 2, "ה": 2, "ת": 2, "י": 2, "ו": 3, "ש": 3, "ב": 3, "כ": 3, "מ": 3}
"""Letters that may stand before a root, and how many must be left after them."""


@lru_cache(maxsize=_KEPT)
def hebrew_root(word: str) -> str:
    """The word without letters before it and endings, and without the letters that only stand for a vowel.

    Two words may have one root by chance: it is for texts that are compared in more than that.
    """
    text = word.translate(_FINALS)
    if _WATER.match(text):
        return "מימ"
    if of_tav := _OF_TAV.match(text):
        return f"{of_tav[1] or of_tav[2]}ת"
    if of_vav := _OF_VAV.match(text):
        return _MATRES.sub("", _ENDING.sub("", text[of_vav.end() :]))
    shorter = _REFLEXIVE.sub("", text)
    if shorter == text:
        shorter = _ARTICLE.sub("", text)
    shorter = _MATRES.sub("", _ENDING.sub("", shorter))
    for _ in range(3):
        if len(shorter) > _FEWEST.get(shorter[:1], len(shorter)):
            shorter = shorter[1:]
    return shorter
