"""Division of a long text into passages and runs of passages of about one length, without loss. Pure."""

import re

from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

_BLANK = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"#{1,6} \S|[^\n.!?:;,]{1,80}$")
_FEW_WORDS = 12


def list_passages(text: str, most_words: int, language: str | None = None) -> list[str]:
    """The paragraphs of `text` in order, a heading together with its paragraph. One of more than `most_words`
    words is cut between sentences of the `language`, and an even longer sentence between words."""
    passages: list[str] = []
    heading = ""
    for paragraph in (found.strip() for found in _BLANK.split(text)):
        if not paragraph:
            continue
        whole = f"{heading}\n\n{paragraph}" if heading else paragraph
        if is_heading(paragraph):
            heading = whole
            continue
        passages += _cut(whole, most_words, language)
        heading = ""
    return [*passages, heading] if heading else passages


def is_heading(paragraph: str) -> bool:
    """Whether a line is marked as a heading, or is short and ends no sentence."""
    return (
        "\n" not in paragraph
        and _HEADING.match(paragraph) is not None
        and count_words(paragraph) <= _FEW_WORDS
    )


def divide(passages: list[str], count: int, most_words: int) -> list[tuple[int, int]]:
    """At least `count` runs of passages as (first, one after the last), of about one length, each of at most
    `most_words` words. Each passage is in exactly one; a run begins with a heading where one is near.

    There are more when `most_words` asks for it, and fewer when there are fewer passages.
    """
    lengths = [count_words(passage) for passage in passages]
    count = max(1, min(len(passages), max(count, -(-sum(lengths) // most_words))))
    runs: list[tuple[int, int]] = []
    start = 0
    left = sum(lengths)
    while start < len(passages):
        wanted = left / max(1, count - len(runs))
        end = _end_of_run(passages, lengths, start, wanted, most_words)
        end = min(end, max(start + 1, len(passages) - (count - len(runs) - 1)))
        if len(runs) >= count - 1 and sum(lengths[start:]) <= most_words:
            end = len(passages)
        runs.append((start, end))
        left -= sum(lengths[start:end])
        start = end
    return runs


def _end_of_run(passages: list[str], lengths: list[int], start: int, wanted: float, most_words: int) -> int:
    end, words = start + 1, lengths[start]
    while end < len(passages) and words + lengths[end] <= most_words:
        if words >= wanted or abs(words + lengths[end] - wanted) > abs(words - wanted):
            break
        if words >= 0.8 * wanted and is_heading(passages[end].split("\n\n")[0]):
            break
        words += lengths[end]
        end += 1
    return end


def _cut(paragraph: str, most_words: int, language: str | None) -> list[str]:
    if count_words(paragraph) <= most_words:
        return [paragraph]
    cut: list[str] = []
    held, words = "", 0
    for sentence in split_sentences(paragraph, language):
        for piece in _cut_sentence(sentence, most_words):
            length = count_words(piece)
            if held and words + length > most_words:
                cut.append(held.strip())
                held, words = "", 0
            held, words = held + piece, words + length
    return [*cut, held.strip()] if held.strip() else cut


def _cut_sentence(sentence: str, most_words: int) -> list[str]:
    if count_words(sentence) <= most_words:
        return [sentence]
    # White space may stand between fewer or more than one counted word: half of the room is surely enough.
    words = re.findall(r"\S+\s*", sentence)
    size = max(1, most_words // 2)
    return ["".join(words[i : i + size]) for i in range(0, len(words), size)]
