"""Token counts estimated from text. Pure, and cheap enough for every chunk: no tokenizer is loaded."""

from collections.abc import Iterable

from langchain_core.messages import BaseMessage

# Characters a token, as the usual tokenizers cut them: Latin text, and everything else (Hebrew, CJK).
_LATIN = 4
_OTHER = 2
_A_TOKEN_AT_A_TIME = 6
"""Pieces that are no longer than this, on the average, are the provider's own tokens, one by one."""
_A_MESSAGE = 4
"""Tokens that a message costs beside its text."""


class TextCount:
    """Token count of text that arrives in pieces. A piece that isn't blank counts at least one token."""

    __slots__ = ("_latin", "_other", "_pieces")

    def __init__(self) -> None:
        self._latin = 0
        self._other = 0
        self._pieces = 0

    def add(self, text: str, pieces: int = 1) -> None:
        """More text, which came in so many pieces."""
        if not text:
            return
        self._pieces += pieces
        if text.isascii():
            self._latin += len(text)
        else:
            latin = len(text.encode("ascii", "ignore"))
            self._latin += latin
            self._other += len(text) - latin

    @property
    def tokens(self) -> int:
        """The estimated number of tokens, rather too high than too low."""
        if self._latin + self._other <= self._pieces * _A_TOKEN_AT_A_TIME:
            return self._pieces
        return max(self._pieces, -(-self._latin // _LATIN) + -(-self._other // _OTHER))


def guess_tokens(text: str) -> int:
    """The estimated number of tokens of a text."""
    count = TextCount()
    count.add(text)
    return count.tokens


def guess_prompt(messages: Iterable[BaseMessage]) -> int:
    """The estimated number of tokens of a prompt."""
    return sum(guess_tokens(message.text) + _A_MESSAGE for message in messages)
