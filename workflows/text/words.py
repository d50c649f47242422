"""Counting and cutting: words, sentences, paragraphs."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|\n+|[。！？]")


def count_words(text: str) -> int:
    """Words as a reader counts them: `well-known` and `don't` are one each."""
    return sum(1 for _ in _WORD.finditer(text))


def list_words(text: str) -> list[str]:
    """The words of `text` in order, as they stand."""
    return _WORD.findall(text)


def split_sentences(text: str) -> list[str]:
    """`text` cut after each sentence end and line break; joined together it is `text` again."""
    pieces, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        pieces.append(text[start : end.end()])
        start = end.end()
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def last_sentence_end(text: str) -> int:
    """How many characters of `text` are whole sentences, as far as can be told without what follows."""
    end = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
    return end


def last_paragraph(text: str) -> str:
    """The paragraph that `text` ends with."""
    return text.rstrip().rsplit("\n\n", 1)[-1]
