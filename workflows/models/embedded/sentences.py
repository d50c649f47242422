"""Sentences of a stream of text. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from workflows.text.sentences import SentenceSplitter, ends_sentence, split_sentences

_NOT_A_WORD = re.compile(r"[^\w']+")
_MARKUP = re.compile(r"<\|[^|<>\n]{0,64}\|>|[^\S ]|[\x00-\x1f\x7f]")
# Phrases with which the model speaks about its text instead of writing it.
_ASIDE = re.compile(
    r"\b(?:this (?:story|page|book|sentence)|the (?:story|reader)|story about|on the page)\b", re.IGNORECASE
)

_STAMMER = re.compile(r"\b(\w+)(?:\W+\1\b){2}", re.IGNORECASE)


class SentenceBuffer:
    """Buffer from one paragraph's tokens to its whole sentences.

    `written` is the text so far, whose sentences aren't said again; `starter` are the words that the
    paragraph begins with; `gap` is the white space before its first sentence. A sentence in mid-quote isn't whole, nor
    is one that goes on in lower case (`"Oh!" she said.`).
    """

    def __init__(self, written: str, starter: str, gap: str) -> None:
        self._said = set(map(_essence, _join(split_sentences(_on_one_line(written), "en"))))
        self._splitter = SentenceSplitter("en")
        self._held = "".join(self._splitter.feed(starter))
        self._gap = gap

    def feed(self, text: str) -> Iterator[str]:
        """The sentences that `text` completed, each with the white space before it."""
        sentences = _join([self._held, *self._splitter.feed(_on_one_line(text))])
        self._held = sentences.pop()
        following = self._splitter.rest.strip()
        if following and _is_whole(self._held) and not _goes_on(following):
            sentences, self._held = [*sentences, self._held], ""
        yield from self._release(sentences)

    def finish(self) -> Iterator[str]:
        """The last sentence if it is whole; words without an end are dropped."""
        sentences = _join([self._held, *self._splitter.close()])
        yield from self._release([*sentences[:-1], *filter(_is_whole, sentences[-1:])])
        self._held = ""

    def _release(self, sentences: Sequence[str]) -> Iterator[str]:
        for sentence in sentences:
            sentence = " ".join(_MARKUP.sub(" ", sentence).split())
            if self._take(sentence):
                yield self._gap + sentence
                self._gap = " "

    def _take(self, sentence: str) -> bool:
        essence = _essence(sentence)
        if not essence or essence in self._said or not _is_sound(sentence):
            return False
        self._said.add(essence)
        return True


def _on_one_line(text: str) -> str:
    return text.replace("\n", " ")


def _join(sentences: Sequence[str]) -> list[str]:
    """The sentences, incomplete ones joined to what follows; at least one."""
    joined = [""]
    for sentence in sentences:
        if _is_whole(joined[-1]) and not _goes_on(sentence):
            joined.append(sentence)
        else:
            joined[-1] += sentence
    return joined


def _is_whole(sentence: str) -> bool:
    return ends_sentence(sentence, "en") and sentence.count('"') % 2 == 0


def _goes_on(following: str) -> bool:
    return "a" <= following.lstrip()[:1] <= "z"


def _is_sound(sentence: str) -> bool:
    """Whether it is a whole sentence, without stammering and with matching quotation marks."""
    if _ASIDE.search(sentence) or _STAMMER.search(sentence):
        return False
    pieces = sentence.split('"')
    for number, (left, right) in enumerate(pairwise(pieces)):
        opens = number % 2 == 0
        if opens and (left[-1:].isalnum() or right[:1].isspace()):
            return False
        if not opens and (left[-1:].isspace() or right[:1].isalnum()):
            return False
    return True


def _essence(sentence: str) -> str:
    return _NOT_A_WORD.sub(" ", sentence).strip().lower()
