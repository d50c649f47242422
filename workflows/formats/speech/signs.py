"""Patterns of signs in scripts beside words: emoji, emphasis, times. Each is bounded, so searching is linear."""

EMOJI = (
    "(?:[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\U0001f000-\U0001f2ff\u2600-\u266c\u2670-\u27bf\u2b00-\u2bff\u231a-\u231b"
    "\u23e9-\u23fa\u3030\u303d\u3297\u3299][\ufe0e\ufe0f\u20e3\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+)"
)
"""One emoji with what belongs to it. Sharps, flats and signs of trade aren't among them."""
MARKS = "[*_`~]{0,3}"
_TIME = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
TIMES = rf"{_TIME}(?:\s?(?:-->|[-–—])\s?{_TIME})?"
"""A time of a recording, or from one to another: "00:12", "0:01:07.5 --> 0:01:09"."""
