"""Text of a reply's chunks, without thoughts and template marks."""

from workflows.errors import ModelBadOutput, ModelTruncated
from workflows.models.clients.model import Model
from workflows.models.replies.filter import ReplyFilter


class UnmarkedThoughts(ModelBadOutput):
    """Error of returned text that turned out to be a thought. `rest` is the reply's content, whole and paid for.

    The model is known to do so from then on: its later replies are held until their thoughts have ended.
    """

    def __init__(self, message: str, rest: str = "") -> None:
        super().__init__(message)
        self.rest = rest


class ContentReader:
    """Reader of one reply, chunk by chunk."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._filter: ReplyFilter | None = None
        self._returned = False
        self._rest: list[str] | None = None  # the content, once that what was returned proved to be none

    def read(self, text: str) -> str:
        """The content that a chunk's text adds."""
        if not text:
            return ""
        if self._filter is None:  # not before there is text: thoughts in a field of their own come first
            self._filter = ReplyFilter(holds=self._model.traits.holds_replies)
        return self._take(self._filter, self._filter.feed(text))

    def finish(self) -> str:
        """The last of the content. Raises UnmarkedThoughts, ModelTruncated for an unclosed thought, and
        ModelBadOutput where there was nothing but thoughts."""
        reply = self._filter or ReplyFilter()
        last = self._take(reply, reply.finish())
        if self._rest is not None:
            raise UnmarkedThoughts(
                f"{self._model.spec} wrote its thoughts as text. They are told apart from now on; go on with the run.",
                "".join(self._rest),
            )
        if reply.unclosed:
            raise ModelTruncated(f"The reply of {self._model.spec} ended within its thoughts.")
        if not self._returned:
            what = (
                "nothing but thoughts"
                if reply.thought
                else "an empty reply; perhaps it refused to write this"
            )
            raise ModelBadOutput(f"{self._model.spec} sent {what}.")
        if not reply.thought:
            self._model.traits.unmarked_thoughts = False
        return last

    def _take(self, reply: ReplyFilter, content: str) -> str:
        if reply.restarted:
            self._model.traits.unmarked_thoughts = True
            self._rest = []
        if self._rest is not None:
            self._rest.append(content)
            return ""
        self._returned = self._returned or bool(content.strip())
        return content
