"""Tags of site generators in Markdown: Hugo's shortcodes, Jekyll's and Jinja's tags and variables. Pure.

`{{< figure src="a.png" >}}`, `{% include note.html %}`, `{{ page.title }}`: a page shows what they stand for, which the
file doesn't have. The text around them stays; nothing grows together across one.
"""

import re
from dataclasses import dataclass

_TAG = re.compile(
    r"\{\{<(?P<hugo>(?:[^>{]|>(?!\}\})){0,500}+)>\}\}|\{\{%(?P<block>(?:[^%{]|%(?!\}\})){0,500}+)%\}\}"
    r"|\{{2,3}(?P<variable>(?:[^{}]|\}(?!\})){0,500}+)\}{2,3}|\{%(?P<tag>(?:[^%{]|%(?!\})){0,500}+)%\}"
    r"|\{#(?P<comment>(?:[^#{]|#(?!\})){0,500}+)#\}"
)
_WORDS = re.compile(r"\"([^\"\n]{1,400})\"|'([^'\n]{1,400})'")
_BREAKS = frozenset({"br", "newline", "linebreak"})
_MOST_PLAIN_WORDS = 3
_COMMENT_ENDS = {"comment": "endcomment"}


@dataclass(frozen=True, slots=True)
class TemplateText:
    """The text without tags; the tags; and `hidden`, the words that only a reader of the file sees."""

    text: str
    tags: tuple[str, ...]
    hidden: tuple[str, ...]


def take_out_tags(text: str) -> TemplateText:
    """`text` without tags of site generators."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return TemplateText(text, (), ())
    kept: list[str] = []
    tags: list[str] = []
    hidden: list[str] = []
    place, comment_end = 0, ""
    for found in _TAG.finditer(text):
        words = next((group for group in found.groups() if group is not None), "").strip(" -~/\n*")
        name = next(iter(words.split(maxsplit=1)), "")
        (hidden if comment_end else kept).append(text[place : found.start()])
        place = found.end()
        if comment_end:
            comment_end = "" if name == comment_end else comment_end
            continue
        comment_end = _COMMENT_ENDS.get(name, "")
        tags.append(found.group())
        hidden += _hidden_words(found, words)
        kept.append("\n" if name in _BREAKS else _gap(text, found.start(), place))
    kept.append(text[place:])  # also of a comment without an end
    return TemplateText("".join(kept), tuple(tags), tuple(words for words in hidden if words.strip()))


def _hidden_words(tag: re.Match[str], words: str) -> list[str]:
    is_sentence = sum(word.strip(".,:;!?").isalpha() for word in words.split()) > _MOST_PLAIN_WORDS
    if tag["comment"] is not None or tag.group().startswith("{{/*") or is_sentence:
        return [words]
    quoted = [found[1] or found[2] for found in _WORDS.finditer(words)]
    return [one for one in quoted if len(one.split()) > 1]


def _gap(text: str, start: int, end: int) -> str:
    """A space where the text on both sides would grow together."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return " " if before.strip() and after.isalnum() else ""
