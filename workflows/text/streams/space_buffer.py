"""White space of a stream, held until a word follows it. Pure."""


class SpaceBuffer:
    """Buffer of white space at the end of what was released; a text that ends here ends without it."""

    def __init__(self) -> None:
        self._held: list[str] = []

    @property
    def held(self) -> str:
        """White space that waits for a word."""
        return "".join(self._held)

    def release(self, text: str) -> str:
        """The text with the white space before it; what it ends with is held."""
        visible = text.rstrip()
        if not visible:
            self._held.append(text)
            return ""
        before, self._held = self.held, [text[len(visible) :]]
        return before + visible
