"""How much a text says again; and loops, told from songs, lists, tables and talk."""

from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.prose import write_prose
from workflows.text.metrics.repetition import (
    LoopDetector,
    count_said,
    distinct_words,
    goes_in_circles,
    repetition,
)
from workflows.text.streams.length import falls_short

texts = st.text(st.sampled_from("ab .!?…\"'”’»)]\n。！שx-_1") | st.characters(), max_size=60)

REFUSAL = "I'm sorry, but I can't help with that."
SONG = """Row, row, row your boat,
Gently down the stream.
Merrily, merrily, merrily, merrily,
Life is but a dream.

"""


def stopped_after(text: str, size: int) -> int | None:
    """How many characters of `text` a detector takes before it says that they loop."""
    detector = LoopDetector()
    for start in range(0, len(text), size):
        if detector.feed(text[start : start + size]):
            return start + size
    return None


COUNT = [
    "twenty",
    "nineteen",
    "eighteen",
    "seventeen",
    "sixteen",
    "fifteen",
    "fourteen",
    "thirteen",
    "twelve",
    "eleven",
    "ten",
    "nine",
    "eight",
    "seven",
]


@pytest.mark.parametrize("before", ["", write_prose("before", 300)])
@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    "line",
    [
        *(
            "{} sheep. ",
            "{}. sheep\n",
            "**Sheep {}** jumped over the fence.\n\n",
            "The {}th sheep jumped. ",
            "{}, ",
        ),
        *(
            "| {} | sheep |\n",
            "Day {}: she counted, and the sheep went over the fence, one by one, and on. " * 3,
        ),
        *("Sheep number {}. ", "כבשה {} קפצה. ", "{} sheep, and 1,000.5 more. "),
    ],
)
def test_text_that_counts_without_end_is_found_however_it_comes(line: str, size: int, before: str) -> None:
    text = "".join(line.replace("{}", str(number)) for number in range(1, 1000))
    after = stopped_after(before + text, size)
    assert after is not None and after < len(before) + 500 * (len(line) + 3)


TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize("joint", ["-", " "])
@pytest.mark.parametrize("line", ["{} sheep. ", "And then {} sheep jumped.\n", "{}! "])
def test_text_that_counts_in_words_is_found(line: str, joint: str) -> None:
    below = [one for ten in TENS for one in (ten, *(f"{ten}{joint}{one}" for one in ONES))]
    words = [*below, *(f"{hundred} hundred and {n}" for hundred in ONES for n in below)]
    assert stopped_after("".join(line.format(word) for word in words), 3) is not None


@pytest.mark.parametrize("before", ["", write_prose("before", 300)])
@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    "cycle",
    [
        *(".", "a", "ab", " ", "\n", "\u200b", "…", "😀"),
        *("Okay! ", "very ", "She ran home.\n", "| a | b |\n", "— ", "שלום לך. ", "你好。"),
        *(f"{REFUSAL}\n\n", "HOST: Right.\n\nGUEST: Indeed.\n\n", SONG, write_prose("cycle", 200)),
    ],
)  # fmt: skip
def test_text_that_says_the_same_without_end_is_found_early_however_it_comes(
    cycle: str, size: int, before: str
) -> None:
    after = stopped_after(before + cycle * (20_000 // len(cycle)), size)
    assert after is not None
    assert len(before) < after <= len(before) + max(4000, 9 * len(cycle)) + 1000


@pytest.mark.parametrize(
    "text",
    [
        write_prose("prose", 3000),
        "very " * 40 + "long ago",
        "Ha ha ha! " * 30,
        "-" * 1000 + "\n" + "=" * 1000,
        "\n".join(["_" * 70] * 20),
        "".join(f"{write_prose(str(verse), 40)}\n\n{SONG}" for verse in range(20)),
        SONG * 7,
        "".join(f"{number} bottles of milk on the wall, {number} bottles of milk. " for number in range(99, 0, -1)),
        "".join(f"HOST: {write_prose(f'host {n}', 6)}\n\nGUEST: Right.\n\n" for n in range(60)),
        "".join(f"| {n} | yes | no | {n * 7} |\n" for n in range(200)),
        "".join(f"- [ ] {name}\n" for name in islice(cycle(["milk", "bread", "eggs", "salt"]), 60)),
        "\n".join(f"{n}. Wash your hands." for n in range(1, 60)),
        "".join(f"{n}, " for n in range(1, 300)),
        "".join(f"Day {n}\t{n * 5} mg\t{n} tablets\n" for n in range(1, 300)),
        "".join(f"{word.title()} green bottles on the wall. {write_prose('wall', 30)}\n" for word in COUNT),
        "".join(f"{n}. {write_prose(str(n), 6)}\n" for n in range(1, 400)),
        "הוא הלך לים. " * 20 + "ואז חזר הביתה.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_songs_lists_tables_and_talk_are_no_loop(text: str, size: int) -> None:
    assert stopped_after(text, size) is None


@given(st.lists(st.text(max_size=300), max_size=60))
def test_detector_keeps_a_bounded_part_of_the_stream(chunks: list[str]) -> None:
    detector = LoopDetector()
    for chunk in chunks * 20:
        detector.feed(chunk)
    assert sum(len(value) for value in vars(detector).values() if isinstance(value, str)) < 20_000
    assert len(detector._waiting) < 200


def test_repetition_of_a_text_said_twice_is_high_and_of_fresh_text_zero() -> None:
    line = "the cat sat on the mat and looked at the moon "
    assert repetition(" ".join(f"word{i}" for i in range(50))) == 0
    assert repetition(line * 10) == 1
    assert repetition(line.upper() + line) > 0.3
    assert repetition("too short") == 0


@given(texts)
def test_repetition_is_a_share(text: str) -> None:
    assert 0 <= repetition(text, size=2) <= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (". … \u200b", 0),
        ("Okay! okay. OKAY!", 1),
        ("She ran. He ran. She ran.\n\nShe, ran!", 4),
        ("她跑回家了。她跑回家了。他没有。", 5),
    ],
)
def test_distinct_words_counts_each_sentence_once(text: str, words: int) -> None:
    assert distinct_words(text) == words


@pytest.mark.parametrize(
    ("text", "before", "is_short"),
    [
        ("", None, True),
        ("Okay! " * 90, None, True),
        (write_prose("short", 12), None, False),
        (f"{REFUSAL}\n\n{REFUSAL}", REFUSAL, True),
        (f"{write_prose('same', 25)} " * 4, None, True),
        (f"{write_prose('same', 25)} " * 2, None, False),
        (f"{write_prose('same', 50)} " * 4, None, False),
        (f"{REFUSAL}\n\n{write_prose('well', 20)}", REFUSAL, False),
        (write_prose("long", 60), write_prose("long", 60), False),
        (write_prose("short", 40), write_prose("short", 40), True),
    ],
)
def test_text_of_ninety_words_is_none_where_it_says_next_to_nothing_or_is_stuck(
    text: str, before: str | None, is_short: bool
) -> None:
    assert falls_short(text, 90, before) == is_short


@pytest.mark.parametrize("line", ["{}. The cat sat on the mat.\n", "{}) The cat sat.\n", "{} - Sit down.\n"])
def test_text_that_numbers_the_same_sentence_goes_in_circles(line: str) -> None:
    assert goes_in_circles("".join(line.format(number) for number in range(100)))


def test_text_with_numbers_of_its_own_goes_in_no_circles() -> None:
    assert not goes_in_circles("In 1969 two men walked on the moon. In 1972 the last of 12 left it again.")


LOOPS = {
    "word": "word " * 160,
    "phrase": "Maya saw a fox and " * 32,
    "la": "la la la, " * 55,
    "long phrase": "Maya took the small lamp to the pond and then " * 16,
    "numbers": "".join(f"Maya saw fox {number} and " for number in range(32)),
    "hebrew": "שלום " * 160,
    "hebrew phrase": "מאיה ראתה שועל קטן ליד הבריכה ואז " * 23,
    "chinese": "我看见了狐狸" * 53,
    "dashes": "so — " * 160,
    "capitals": "Word WORD word " * 53,
    "after words": write_prose("before", 20) + " and then, " * 70,
}


@pytest.mark.parametrize("name", LOOPS)
def test_text_that_is_nothing_but_a_loop_without_a_full_stop_goes_in_circles_and_falls_short(
    name: str,
) -> None:
    assert goes_in_circles(LOOPS[name])
    assert falls_short(LOOPS[name], 160)


@pytest.mark.parametrize(
    "text",
    [
        "Maya sang la la la la la la la la la la la la la la la la la la la la la la la la la la all the way home. ",
        "He ran and ran and ran and ran and ran and ran and ran and ran and ran, down the hill and over the bridge, "
        "and he ran past the mill and ran past the well, and still he ran, for the fox was behind him. ",
        "One potato, two potato, three potato, four, five potato, six potato, seven potato, more! ",
        "This is the cat that chased the rat that ate the malt that lay in the house that Jack built, and this is "
        "the dog that worried the cat that chased the rat that ate the malt that lay in the house that Jack built. ",
        "Row, row, row your boat, gently down the stream, merrily, merrily, merrily, merrily, life is but a dream. ",
        "עוגה עוגה עוגה במעגל נחוגה נסתובבה כל היום עד אשר נמצא מקום לשבת לקום לשבת לקום לשבת ולקום ועוד נשיר. ",
        SONG,
    ],
)
def test_rhyme_or_a_song_in_a_text_neither_goes_in_circles_nor_falls_short(text: str) -> None:
    around = write_prose("around", 80), write_prose("after", 80)
    assert not goes_in_circles(f"{around[0]} {text}{around[1]}")
    assert not falls_short(f"{around[0]} {text}{around[1]}", 160)
    assert not falls_short(f"{around[0]} {text}{text}{around[1]} {text}", 160)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=200))
def test_what_is_said_once_is_never_more_than_all(words: list[str]) -> None:
    said, new = count_said(" ".join(words))
    assert new <= said == len(words)
    assert (new > 0) == (said > 0)
