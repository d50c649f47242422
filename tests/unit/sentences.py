"""Sentences for children: fit ones with tricky words, and unfit ones in odd spellings."""

HARMLESS = [
    "The fox ran home.",
    "“Is it warm?” asked Maya.",
    "Dr. J. R. Owl skilfully began to sing!",
    "Rain fell; nobody minded…",
    "השועל רץ הביתה.",
    "She counted 3 < 5 and smiled",
    "Then all went home.",
]
UNSAFE = [
    "He wanted to kill the dragon.",
    "“I'll m-u-r-d-e-r you!” she said.",
    "Then he slit\nhis\nthroat.",
    "She got. High. On it.",
    "They k i l l e d him.",
    "He drew a p1stol.",
    "K\u0456ll them all!",
    "בידו היה אקדח טעון.",
    "k\u200bill",
]
