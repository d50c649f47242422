"""Superscript and subscript digits as Unicode characters: 10 and a raised 3 are 10³, never 103. Pure."""

_PLAIN = frozenset("0123456789+-−()")
_RAISED = str.maketrans("0123456789+-−()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")


def raise_digits(text: str) -> str:
    """Digits and signs as superscripts; letters as they are."""
    return text.translate(_RAISED)


def shift(text: str, sign: str) -> str:
    """Digits as superscripts (`sign` "^") or subscripts ("_"), anything else after the sign."""
    if not text:
        return ""
    if set(text) <= _PLAIN:
        return raise_digits(text) if sign == "^" else lower_digits(text)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"


def lower_digits(text: str) -> str:
    """Digits and signs as subscripts; letters as they are."""
    return text.translate(_LOWERED)
