"""Superscript and subscript digits as Unicode characters: 10 and a raised 3 are 10³, never 103. Pure."""

_RAISED = str.maketrans("0123456789+-−()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")


def raise_digits(text: str) -> str:
    """Digits and signs as superscripts; letters as they are."""
    return text.translate(_RAISED)


def lower_digits(text: str) -> str:
    """Digits and signs as subscripts; letters as they are."""
    return text.translate(_LOWERED)
