"""Normalisation of line ends and blanks while a script streams. Pure."""

import re

_BLANK = "[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]"
_RUN = re.compile(f"{_BLANK}+")
_LINE_END = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u202a-\u202e]")


class WhitespaceNormaliser:
    """Normaliser of streamed text to single blanks and `\\n` line ends, with no invisible characters.

    A blank is a space, or a tab where a run begins with one: it may part columns.
    """

    def __init__(self) -> None:
        self._is_after_blank = False

    def feed(self, chunk: str) -> str:
        """`chunk`, normalised."""
        text = _RUN.sub(_one, _INVISIBLE.sub("", _LINE_END.sub("\n", chunk)))
        if self._is_after_blank and text[:1] in (" ", "\t"):
            text = text[1:]
        if text:
            self._is_after_blank = text[-1] in " \t"
        return text


def _one(run: re.Match[str]) -> str:
    return "\t" if run.group()[0] == "\t" else " "
