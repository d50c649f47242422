"""Gaps in the place of words that were taken out of a text. Pure."""


def gap_between(before: str, gone: str, after: str) -> str:
    """A space where the words on both sides of what is `gone` would grow together: where it held white space, and
    between two digits always, since "6" and "2.5 mg" must not become "62.5 mg"."""
    if not (before[-1:].isalnum() and after[:1].isalnum()):
        return ""
    are_digits = before[-1].isdigit() and after[0].isdigit()
    return " " if are_digits or any(map(str.isspace, gone)) else ""
