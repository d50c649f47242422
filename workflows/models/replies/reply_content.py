"""Content of a streamed reply, as far as it was found to be no thought."""


class ReplyContent:
    """Content by and by: `take` returns what was said since the last call.

    With `holds`, nothing is returned before a restart or `release`, so that nothing is that turns out a thought.
    """

    def __init__(self, *, holds: bool) -> None:
        self.restarted = False
        """Whether what was returned before the last call was a thought."""
        self._holds = holds
        self._said: list[str] = []
        self._tail = ""  # its last characters

    @property
    def last(self) -> str:
        """The last character."""
        return self._tail[-1:]

    @property
    def begins_line(self) -> bool:
        """Whether it ends at the start of a line, or in its first blanks."""
        _, line_end, blank = self._tail.rpartition("\n")
        return not self._tail or (bool(line_end) and not blank.strip(" \t"))

    def say(self, text: str) -> None:
        """Adds content; leading white space is dropped."""
        if not self._tail:
            text = text.lstrip()
        if text:
            self._tail = (self._tail + text[-4:])[-4:]
            self._said.append(text)

    def restart(self) -> None:
        """All of it so far is a thought."""
        self.restarted = self.restarted or bool(self._tail and not self._holds)
        self._said, self._tail, self._holds = [], "", False

    def release(self) -> None:
        """Nothing is held any more."""
        self._holds = False

    def take(self) -> str:
        """What was said since the last call, unless it is held."""
        if self._holds:
            return ""
        text, self._said = "".join(self._said), []
        return text
