"""Characters of symbol fonts, mapped to the Unicode characters that they look like."""

# Adobe's Symbol, from 0x20, as Unicode has it (the encoding of the PDF reference, annex D); a space: none.
_SYMBOL = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
_SYMBOL_HIGH = {
    0xA2: "′", 0xA3: "≤", 0xA4: "⁄", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°",
    0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡",
    0xBB: "≈", 0xBC: "…", 0xC6: "∅", 0xC7: "∩", 0xC8: "∪", 0xCE: "∈", 0xD0: "∠", 0xD2: "®", 0xD3: "©", 0xD4: "™",
    0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬", 0xD9: "∧", 0xDA: "∨", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
_WINGDINGS = {
    0x28: "☎", 0x2A: "✉", 0x36: "⌛", 0x4A: "☺", 0x4C: "☹", 0x6C: "•", 0x6E: "•", 0x71: "☐", 0x72: "☐", 0x76: "•",
    0x9F: "•", 0xA7: "•", 0xA8: "☐", 0xD8: "•", 0xE0: "→", 0xE8: "→", 0xF0: "→", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
}  # fmt: skip
_PRIVATE = 0xF000


def symbol(font: str, code: str) -> str | None:
    """The character of a `w:sym`, whose code is hexadecimal; None when its look is unknown."""
    try:
        place = int(code, 16)
    except ValueError:
        return None
    return from_symbol_font(place, font) if place >= _PRIVATE or place < 0x100 else _plain(place)


def from_symbol_font(place: int, font: str = "") -> str | None:
    """The character at a place of a symbol font, also where fonts keep them in Unicode's private area."""
    place = place - _PRIVATE if _PRIVATE <= place < _PRIVATE + 0x100 else place
    folded = font.casefold()
    if "wingdings" in folded or "webdings" in folded:
        return _WINGDINGS.get(place)
    if 0x20 <= place < 0x20 + len(_SYMBOL):
        return _SYMBOL[place - 0x20]
    return _SYMBOL_HIGH.get(place) or (_WINGDINGS.get(place) if not folded else None)


def _plain(place: int) -> str | None:
    return chr(place) if place < 0xD800 and chr(place).isprintable() else None
