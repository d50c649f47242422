"""Removal of markup from a streamed text: nothing in the output can be read as a tag.

Known HTML elements and comments go, with the contents of `script` and `style`. A `<` that begins
nothing stays ("3 < 5", "<3"); one that some parser might take for the beginning of a tag becomes `‹`. Words on
both sides of a cell, a line break, a list item or a block stay apart.
"""

import re

_NAMES = (
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|big|"
    "blink|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|"
    "datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|"
    "font|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hgroup|hr|html|i|"
    "iframe|image|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|math|menu|"
    "meta|meter|nav|nobr|noframes|noscript|object|ol|optgroup|option|output|p|param|picture|"
    "plaintext|pre|progress|q|rp|rt|ruby|s|samp|script|search|section|select|slot|small|"
    "source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|"
    "tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|xmp"
)
_BLOCKS = (
    "address|article|aside|blockquote|body|center|details|dialog|dir|div|dl|fieldset|figure|footer|form|h1|h2|h3|h4|h5|"
    "h6|header|hgroup|hr|main|menu|nav|ol|p|pre|section|table|ul"
)
_LINES = "br|caption|dd|dt|figcaption|legend|li|optgroup|option|summary|tbody|tfoot|thead|title|tr"
_SEPARATORS = {
    **dict.fromkeys(_BLOCKS.split("|"), "\n\n"),
    **dict.fromkeys(_LINES.split("|"), "\n"),
    **dict.fromkeys(("td", "th"), " "),
}
"""What stands for an element's tags between the words on their two sides."""
_LONGEST = 400
_STRENGTH = ("", " ", "\n", "\n\n")
_TAG = re.compile(rf"</?({_NAMES})(?=[\s/>])[^<>]*>|<![^<>]*>|<\?[^<>]*>", re.IGNORECASE)
_BEGINS = re.compile(r"<[A-Za-z/!?<]")
_SILENT = re.compile(r"</(script|style)\s*>", re.IGNORECASE)


class MarkupFilter:
    """Filter from streamed text to text without markup, whatever the chunks. Feed, then `close`."""

    def __init__(self) -> None:
        self._held = ""
        self._is_silent = False  # inside a script or a style sheet
        self._separator = ""  # of the tags since the last text
        self._last = ""  # the last character that was given

    def feed(self, chunk: str) -> str:
        """The text that is certain after `chunk`."""
        if not self._held and not self._is_silent and "<" not in chunk:
            return self._apart(chunk)
        return self._take(self._held + chunk, is_last=False)

    def close(self) -> str:
        """The rest of the text."""
        return self._take(self._held, is_last=True)

    def _take(self, text: str, *, is_last: bool) -> str:
        self._held = ""
        given: list[str] = []
        place = 0
        while place < len(text):
            if self._is_silent:
                end = _SILENT.search(text, place)
                if end is None:
                    self._held = "" if is_last else text[max(place, len(text) - 2 * _LONGEST) :]
                    break
                self._is_silent = False
                place = end.end()
                continue
            start = text.find("<", place)
            if start < 0:
                given.append(self._apart(text[place:]))
                break
            given.append(self._apart(text[place:start]))
            place = self._at_mark(text, start, given, is_last=is_last)
            if place < 0:
                self._held = text[start:]
                break
        return "".join(given)

    def _at_mark(self, text: str, start: int, given: list[str], *, is_last: bool) -> int:
        """The position after the `<` at `start`; -1 when more text is needed to decide."""
        if start + 1 == len(text):
            if not is_last:
                return -1
            given.append(self._apart("<"))
            return start + 1
        if not _BEGINS.match(text, start):
            given.append(self._apart("<"))
            return start + 1
        if (tag := _TAG.match(text, start, start + _LONGEST)) is not None:
            name = (tag.group(1) or "").lower()
            self._is_silent = name in ("script", "style") and text[start + 1] != "/"
            self._separator = max(self._separator, _SEPARATORS.get(name, ""), key=_STRENGTH.index)
            return tag.end()
        if not is_last and len(text) - start < _LONGEST and not re.search("[<>]", text[start + 1 :]):
            return -1
        given.append(self._apart("‹"))
        return start + 1

    def _apart(self, text: str) -> str:
        """The text, after what the tags before it stand for. What decides is the next character and the last one, so
        that it doesn't matter how the text is cut."""
        if not text:
            return text
        separator, self._separator = self._separator, ""
        last, self._last = self._last, text[-1]
        if not separator or not last:
            return text
        beside = (last, text[0])
        is_apart = any(c.isspace() for c in beside) if separator == " " else separator == "\n" in beside
        return text if is_apart else separator + text
