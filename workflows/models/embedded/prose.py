"""Plain prose from the embedded model: paragraph by paragraph, each with a given beginning.

A model this small loses the thread of a long prompt and of a long reply. So every call gets a short
prompt and the page so far as the beginning of its own reply, and writes one paragraph more. Text is given
out by whole sentences: a paragraph is often cut at its token limit, and no page may end in mid-sentence.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from workflows.errors import ModelBadOutput, ModelTruncated
from workflows.models.embedded.client import PROSE
from workflows.models.embedded.sentences import SentenceBuffer

PARAGRAPH_TOKENS = 85
# A short paragraph, and half of a usual one: nearer to the target than that, another would overshoot it.
_LEAST_TOKENS = 45
_HALF_PARAGRAPH_WORDS = 22
_TOKENS_PER_WORD = 1.3
_TRIES = 3
# Paragraphs of context for the next one: more would exceed the model's 2,048 tokens.
_REMEMBERED_PARAGRAPHS = 6

# Story text alone: no digits, lists, headings, labels or shouting, and at least a sentence's length.
# It costs no time, and keeps the model from explaining its story instead of telling it.
_GRAMMAR = r"""root ::= %s ( cap | plain ){40,} "\n"?
cap ::= [A-Z] plain
plain ::= [^A-Z0-9\x00-\x1F\x7F*#:;_=<>|(){}\[\]/\\@&%%+~^$`]
"""
_AFTER_SENTENCE = _GRAMMAR % r'" " "\""? cap'
_AFTER_STARTER = _GRAMMAR % '""'


@dataclass(frozen=True, slots=True)
class PageBrief:
    """Brief for a section.

    `opening` is the page's first sentence, given by the outline; `starters` (at least one) are the first words
    of the paragraphs after the first, taken in turn: they keep the model telling what happens next.
    """

    system: str
    instruction: str
    opening: str
    target_words: int = 90
    starters: tuple[str, ...] = ("Then",)
    max_paragraphs: int = 12


async def write_prose(chat: BaseChatModel, page: PageBrief) -> AsyncGenerator[str]:
    """The page's text as deltas: the opening, then sentence by sentence, a blank line between paragraphs.

    Ends at the first paragraph near `target_words`. Raises ModelTruncated when a reply breaks off
    without a finish reason, ModelBadOutput when the model has nothing to say.
    """
    written = page.opening
    yield written
    for number in range(page.max_paragraphs):
        if number > 0 and len(written.split()) >= page.target_words - _HALF_PARAGRAPH_WORDS:
            return
        before = written
        for attempt in range(_TRIES):
            async with aclosing(_write_paragraph(chat, page, written, number, number + attempt)) as sentences:
                async for sentence in sentences:
                    written += sentence
                    yield sentence
            if written != before:
                break
        else:
            raise ModelBadOutput("The embedded model wrote nothing that could be used.")


async def _write_paragraph(
    chat: BaseChatModel, page: PageBrief, written: str, number: int, turn: int
) -> AsyncGenerator[str]:
    """The whole sentences of one paragraph, each with the white space before it."""
    # The first paragraph goes on from the opening; the others begin with a starter, another one at each try.
    gap, starter, grammar = " ", "", _AFTER_SENTENCE
    if number > 0:
        gap, starter, grammar = "\n\n", page.starters[(turn - 1) % len(page.starters)], _AFTER_STARTER
    buffer = SentenceBuffer(written, starter, gap)
    finish: str | None = None
    begun = written if number == 0 else f"{_remember(written)}{gap}{starter}"
    messages = [SystemMessage(page.system), HumanMessage(page.instruction), AIMessage(begun)]
    sampling = PROSE | {"extra_body": PROSE["extra_body"] | {"grammar": grammar}}
    async for chunk in chat.astream(messages, max_tokens=_room(page, written), stop=["\n"], **sampling):
        finish = chunk.response_metadata.get("finish_reason") or finish
        for sentence in buffer.feed(chunk.text):
            yield sentence
    if finish is None:
        raise ModelTruncated("The reply of the embedded model broke off before its end.")
    for sentence in buffer.finish():
        yield sentence


def _room(page: PageBrief, written: str) -> int:
    """Tokens for the next paragraph: the words that the page lacks, and a sentence's end that will be cut off."""
    wanted = round((page.target_words - len(written.split())) * _TOKENS_PER_WORD) + 15
    return max(_LEAST_TOKENS, min(PARAGRAPH_TOKENS, wanted))


def _remember(written: str) -> str:
    return "\n\n".join(written.split("\n\n")[-_REMEMBERED_PARAGRAPHS:])
