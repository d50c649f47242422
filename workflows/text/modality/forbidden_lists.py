"""Prohibitions of several deeds in one sentence, each by itself: "do not miss or double a dose". English, Hebrew. Pure.

In such a list one deed may be an omission, which asks for the very thing, and another not.
"""

import re

from workflows.text.modality.omissions import NOT, say_what_is_kept

_LISTS = {
    "en": re.compile(
        rf"(?P<no>\b(?:{NOT}(?: ever)?(?: be)?|avoid) )(?P<said>[^.;:!?()]{{3,300}})", re.IGNORECASE
    ),
    "he": re.compile(r"(?P<no>(?<!\S)(?:אין|אסור|אל|לא) )(?P<said>[^.;:!?()]{3,300})"),
}
_BETWEEN = re.compile(r"(,? or |,? nor | and (?=\w+ing\b)|, |,? או )")
_DEED = re.compile(r"(?:forget|fail|neglect|omit|miss) to\b|(?:לשכוח|תשכחו|תשכח|תשכחי) ל", re.IGNORECASE)
"""What other deeds may follow that are to be done as well."""
_NO_VERBS_WORDS = """
a an the your any this that these its his her their my our no not never do don't you it they he she we i as so if when
while because since unless until even especially particularly particular only else otherwise both either every each all
some more than before after during in on at by for with without from to of and or one two three breakfast lunch dinner
supper including which who
"""
_NO_VERBS = frozenset(_NO_VERBS_WORDS.split())
"""Words that begin no deed."""


def list_rules(sentence: str, language: str | None) -> list[str]:
    """What a sentence says, with each deed of a list that has an omission forbidden by itself: "must have a dose", "do
    not double a dose"."""
    form = _LISTS.get(language or "")
    for found in form.finditer(sentence) if form else ():
        deeds = _deeds(found["said"], is_hebrew=language == "he")
        if len(deeds) > 1 and any(_is_omission(found["no"] + deed, language) for deed in deeds):
            before, after = sentence[: found.start()], sentence[found.end() :]
            return [say_what_is_kept(f"{before}{found['no']}{deed}{after}", language) for deed in deeds]
    return [say_what_is_kept(sentence, language)]


def _is_omission(prohibition: str, language: str | None) -> bool:
    return say_what_is_kept(prohibition, language) != prohibition


def _deeds(said: str, *, is_hebrew: bool) -> list[str]:
    """The deeds of a list. "Crush" of "crush or chew the tablet" has the object of the next; what begins with no verb
    goes on with the deed before it."""
    first, *more = _BETWEEN.split(said)
    deeds = [first]
    for link, item in zip(more[::2], more[1::2], strict=True):
        if _DEED.match(deeds[-1]) or not _begins_deed(item, is_hebrew=is_hebrew):
            deeds[-1] += link + item
        else:
            deeds.append(item)
    for place in range(len(deeds) - 2, -1, -1):
        if " " not in deeds[place].strip():
            deeds[place] = " ".join([deeds[place], *deeds[place + 1].split()[1:]])
    return deeds


def _begins_deed(item: str, *, is_hebrew: bool) -> bool:
    word, *more = item.casefold().split() or [""]
    if is_hebrew:
        return len(word) > 2 and word[0] in "לת"
    is_plural = word.endswith("s") and not word.endswith("ss")
    return word.replace("’", "'") not in _NO_VERBS and not is_plural and (word.isalpha() or bool(more))
