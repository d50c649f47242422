"""Content of whole replies, without the model's thoughts and its chat template's marks."""

from workflows.models.replies.filter import ReplyFilter
from workflows.models.replies.marks import begins_aloud, has_opener


def clean_reply(text: str) -> str:
    """The content of a whole reply, without text before a lone closing mark, and white space before a text."""
    if not has_opener(text) and not begins_aloud(text):
        return text.lstrip()
    reply = ReplyFilter()
    first = reply.feed(text)
    rest = reply.finish()
    return rest if reply.restarted else first + rest


def begins_within_thoughts(text: str) -> bool:
    """Whether a whole reply begins within thoughts, with no mark before them."""
    reply = ReplyFilter()
    reply.feed(text)
    return reply.unmarked
