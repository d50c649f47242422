"""Content of whole replies, without the model's thoughts and its chat template's marks."""

from collections.abc import Iterator

from workflows.models.replies.filter import ReplyFilter
from workflows.models.replies.marks import begins_aloud, has_opener

_PIECE = 50_000


def clean_reply(text: str) -> str:
    """The content of a whole reply, without text before a lone closing mark, and white space before a text."""
    if not has_opener(text) and not begins_aloud(text):
        return text.lstrip()
    reply, said = ReplyFilter(), list[str]()
    for piece in _cut(text):
        more = reply.feed(piece)
        if reply.restarted:
            said.clear()
        said.append(more)
    rest = reply.finish()
    return rest if reply.restarted else "".join(said) + rest


def begins_within_thoughts(text: str) -> bool:
    """Whether a whole reply begins within thoughts, with no mark before them."""
    reply = ReplyFilter()
    for piece in _cut(text):
        reply.feed(piece)
    return reply.unmarked


def _cut(text: str) -> Iterator[str]:
    """Pieces, each of which is searched without a turn for other threads."""
    return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
