"""The one place where text is cleaned: the same however it was cut, and nothing unclean gets through."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.text.streams.normaliser import Normaliser, normalise, normalise_all

# Mostly the characters that something happens to: white space of all kinds, line ends, halves of characters.
_ODD = st.sampled_from(
    "\n\r\t \u00a0\u3000\u2028\u2029\x00\x0b\x1b\x85\u202e\u200f\ufeff\ufffe\ud83d\ude00a.é€😀ש"
)
# Markup has tests of its own, further down.
texts = st.text(_ODD | st.characters(exclude_characters="<"), max_size=40)
chunked = st.lists(texts, max_size=8)


def feed_all(chunks: list[str]) -> list[str]:
    normaliser = Normaliser()
    return [*map(normaliser.feed, chunks), normaliser.close()]


@given(chunked)
@example(["a\r", "\nb"])
@example(["a\r", "\x00\nb"])
@example(["\ud83d", "\ude00"])
@example(["\ud83d", "", "\ude00"])
@example(["a\n", " \n", "\nb", "\n"])
def test_normaliser_any_chunking_gives_the_same_text(chunks: list[str]) -> None:
    assert "".join(feed_all(chunks)) == normalise("".join(chunks))


@given(texts)
def test_normaliser_one_character_at_a_time_gives_the_same_text(text: str) -> None:
    assert "".join(feed_all(list(text))) == normalise(text)


@given(texts)
def test_normaliser_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(texts)
@example("a\u00a0")
@example("\u3000a\u2003\n")
def test_normaliser_output_holds_nothing_unwanted(text: str) -> None:
    clean = normalise(text)
    assert not [c for c in clean if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    assert not set(clean) & set("\u2028\u2029\u202e\ufeff\ufffe\uffff")
    assert clean == clean.strip()
    assert "\n\n\n" not in clean
    assert not [line for line in clean.split("\n") if line != line.strip()]
    clean.encode()


@given(texts)
def test_normaliser_keeps_every_printable_character_in_order(text: str) -> None:
    def visible(string: str) -> str:
        whole = string.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return "".join(c for c in whole if c.isprintable() and not c.isspace())

    assert visible(normalise(text)) == visible(text)


@given(chunked)
def test_normaliser_before_the_end_never_sends_what_it_would_have_to_take_back(chunks: list[str]) -> None:
    pieces = feed_all(chunks)
    assert all(not piece or piece == piece.rstrip() for piece in pieces)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("One.\r\nTwo.\rThree.", "One.\nTwo.\nThree."),
        ("One.\u2028Two.\u2029Three.", "One.\nTwo.\nThree."),
        ("One.\n \n\t\n\n\nTwo.", "One.\n\nTwo."),
        ("  One.  \n  Two.  ", "One.\nTwo."),
        ("a\tb", "a b"),
        ("\ufeffbell\x07, \x1b[1mbold", "bell, [1mbold"),
        ("half \ud83d, half \ude00", "half \ufffd, half \ufffd"),
        ("\ud83d\ude00", "😀"),
        ("👩\u200d👧 e\u0301", "👩\u200d👧 e\u0301"),
        ("two  spaces stay", "two  spaces stay"),
        (" \n\t ", ""),
        ("", ""),
    ],
)
def test_normaliser_of_known_text_gives_known_text(text: str, clean: str) -> None:
    assert normalise(text) == clean


def test_normaliser_of_plain_tokens_holds_back_white_space_only() -> None:
    assert feed_all(["Once", " upon ", "a\n", "time."]) == ["Once", " upon", " a", "\ntime.", ""]


_MARKED = st.sampled_from(
    [
        "<",
        ">",
        "/",
        "!",
        "b",
        "script",
        "style",
        "<b>",
        "</b>",
        "<script>",
        "</script>",
        "<i ",
        "<br>",
        "<td>",
        "</p>",
        "<li>",
        "3 ",
        "\n",
        "x",
    ]
)


@given(st.lists(_MARKED, max_size=14), st.data())
def test_normaliser_of_markup_gives_the_same_text_however_it_is_cut(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(feed_all(chunks)) == normalise(text) == "".join(feed_all(list(text)))


@given(st.lists(_MARKED, max_size=14))
def test_normaliser_leaves_nothing_that_could_be_read_as_a_tag(parts: list[str]) -> None:
    clean = normalise("".join(parts))
    assert not re.search(r"<[A-Za-z/!?]", clean)
    assert normalise(clean) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a <b>bold</b> fox", "a bold fox"),
        ("Hi<script>alert('x')</script> there", "Hi there"),
        ("Hi <script src=x>evil", "Hi"),
        ("<p class='x'>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("One<br>Two", "One\nTwo"),
        ("One<br/>\nTwo", "One\nTwo"),
        ("One <BR> Two", "One\nTwo"),
        ("Take 2.5<br>62 mg", "Take 2.5\n62 mg"),
        (
            "<table><tr><td>Children</td><td>6</td><td>2.5 mg</td></tr><tr><th>x</th></tr></table>y",
            "Children 6 2.5 mg\nx\n\ny",
        ),
        ("<td>1</td>2", "1 2"),
        ("<td>1</td> <td>2</td>", "1 2"),
        ("<ul><li>One<li>Two</ul>Three", "One\nTwo\n\nThree"),
        ("<li>One</li><li>Two</li>", "One\nTwo"),
        ("Head<h2>Title</h2>Text", "Head\n\nTitle\n\nText"),
        ("a<div><b>b</b></div>c", "a\n\nb\n\nc"),
        ("one<hr>two", "one\n\ntwo"),
        ("<dl><dt>A<dd>B</dl>", "A\nB"),
        ("bold<b>er</b> wo<wbr>rd", "bolder word"),
        ("x<br>< 5", "x\n< 5"),
        ("<!-- hidden -->Seen", "Seen"),
        ("<<b>script>alert(1)</script>", "‹script>alert(1)"),
        ("<scr<b>ipt>", "‹script>"),
        ("3 < 5 and 7 > 2", "3 < 5 and 7 > 2"),
        ("I <3 you <", "I <3 you <"),
        ("<img src=x onerror=alert(1)>", ""),
        ("x<y", "x‹y"),
        ("<Maya> waved", "‹Maya> waved"),
    ],
)
def test_normaliser_takes_markup_out_and_leaves_signs(text: str, clean: str) -> None:
    assert normalise(text) == clean


def test_normaliser_of_a_plain_value_cleans_every_text_in_it_and_nothing_else() -> None:
    value = {"title": "<b>Up</b>\x07", "words": [{"word": " a "}, 3, None, True], "pair": ("<i>x</i>", 1.5)}
    assert normalise_all(value) == {
        "title": "Up",
        "words": [{"word": "a"}, 3, None, True],
        "pair": ["x", 1.5],
    }
