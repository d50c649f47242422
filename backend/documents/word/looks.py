"""Text properties that decide whether a reader sees it: hidden, colours, size, strikethrough, raised."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from backend.documents.word.xml import child, is_on, local, number, value

UNKNOWN = "unknown"
"""What isn't told by one colour: a picture, a pattern, the conditions of a table's style, an outline."""
_PAPER = "ffffff"
_TINY = 4
"""Half points: nobody reads a letter of two points."""
_LEAST_CONTRAST = 1.2
_HIGHLIGHTS = {
    "black": "000000", "blue": "0000ff", "cyan": "00ffff", "green": "00ff00", "magenta": "ff00ff",
    "red": "ff0000", "yellow": "ffff00", "white": "ffffff", "darkBlue": "000080", "darkCyan": "008080",
    "darkGreen": "008000", "darkMagenta": "800080", "darkRed": "800000", "darkYellow": "808000",
    "darkGray": "808080", "lightGray": "c0c0c0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """Properties of text; None where unset. Colours are six hexadecimal digits."""

    hidden: bool | None = None
    colour: str | None = None
    background: str | None = None
    half_points: int | None = None
    struck: bool | None = None
    raised: str | None = None

    def under(self, other: "Look") -> "Look":
        """This look, overridden by the properties that `other` sets."""
        if other is NOTHING_SAID:
            return self
        return Look(
            hidden=self.hidden if other.hidden is None else other.hidden,
            colour=other.colour or self.colour,
            background=other.background or self.background,
            half_points=self.half_points if other.half_points is None else other.half_points,
            struck=self.struck if other.struck is None else other.struck,
            raised=other.raised or self.raised,
        )

    def is_seen(self, behind: Sequence[str | None]) -> bool:
        """Whether a reader can see it; `behind` are the backgrounds behind its own, nearest first."""
        if self.hidden or (self.half_points is not None and self.half_points <= _TINY):
            return False
        if self.colour is None or self.colour == UNKNOWN:
            return True
        background = next((colour for colour in (self.background, *behind) if colour), _PAPER)
        return background == UNKNOWN or _contrast(self.colour, background) >= _LEAST_CONTRAST


NOTHING_SAID = Look()


def read_look(properties: etree._Element | None) -> Look:
    """The look set by an element of run properties (`rPr`)."""
    if properties is None or not len(properties):
        return NOTHING_SAID
    found = {local(node): node for node in properties}
    struck = is_on(found.get("strike"))
    fill, outline = found.get("textFill"), _outline(found.get("textOutline"))
    is_filled = child(fill, "noFill") is None
    return Look(
        hidden=is_on(found.get("vanish")) if outline or is_filled else True,
        colour=_painted(outline, (_srgb(fill) or value(found.get("color")) or "auto") if is_filled else None),
        background=_highlight(found.get("highlight")) or read_shading(found.get("shd")),
        half_points=number(found["sz"], 24) if "sz" in found else None,
        struck=is_on(found["dstrike"]) if "dstrike" in found and not struck else struck,
        raised=value(found.get("vertAlign")),
    )


def _painted(outline: str | None, fill: str | None) -> str | None:
    """The colour of letters, given those of their outline and of what fills it, if any; UNKNOWN where they differ."""
    edge, inside = _colour(outline), _colour(fill)
    if outline is None or (edge and inside and _contrast(edge, inside) < _LEAST_CONTRAST):
        return inside
    return edge if edge and fill is None else UNKNOWN


def _outline(node: etree._Element | None) -> str | None:
    """The colour of an outline of letters; None without one."""
    if child(node, "solidFill") is None and child(node, "gradFill") is None:
        return None
    return _srgb(node) or UNKNOWN


def _srgb(node: etree._Element | None) -> str | None:
    """The colour that newer versions of Word paint letters, or their outlines, with."""
    found = child(node, "solidFill", "srgbClr")
    return next(
        (text for name, text in (found.items() if found is not None else ()) if name.endswith("val")), None
    )


def read_shading(node: etree._Element | None) -> str | None:
    """The colour of a `shd`; None when it is transparent."""
    pattern = value(node)
    if node is None or pattern == "nil":
        return None
    if pattern in (None, "clear", "none"):
        return _colour(value(node, "fill"))
    return (_colour(value(node, "color")) or "000000") if pattern == "solid" else UNKNOWN


def shading_of(properties: etree._Element | None) -> str | None:
    """The background set by properties of a paragraph, cell or table."""
    return read_shading(child(properties, "shd"))


def _highlight(node: etree._Element | None) -> str | None:
    name = value(node)
    return None if name in (None, "none") else _HIGHLIGHTS.get(str(name), UNKNOWN)


def _colour(text: str | None) -> str | None:
    text = (text or "").lower().removeprefix("#")
    return text if len(text) == 6 and set(text) <= set("0123456789abcdef") else None


def _contrast(one: str, other: str) -> float:
    """The contrast ratio, from 1 (equal) to 21 (black on white; WCAG 2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
