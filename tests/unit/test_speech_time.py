"""Whatever a model sends, a script is filtered in time that grows with its length, not faster."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.test_linear_time import assert_linear
from tests.unit.test_speaker_labels import lesson, talk
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.speech import stage, tags
from workflows.formats.speech.exports.renderers import render_segments, render_ssml
from workflows.formats.speech.filter import noise
from workflows.formats.speech.speakers import names
from workflows.formats.speech.turns import Turn, parse_turns
from workflows.formats.speech.wording import citations
from workflows.formats.speech.wording.cleaning import WordCleaner, strip_quotes
from workflows.formats.speech.wording.spoken import spell_out

COMMON = ["a", "a ", ".", ". ", " ", "<", "\n", "1", "1,", "e\u0301", "[", "(", "*", "=", "Ada: "]
RARE = [
    *("[a](", "(a ", "*a", "**a ", "_a", "`a", '"a ', "【", "。", "艾达："),
    *("<a", "<!--", "</", "&a", "\\", "| a ", "- ", "– "),
    *("😀", "http://", "http://a ", "www.", "a@", "a@a.", "10.1234/"),
    *("…", "===", "=== M1 ===", "{", "}", "> ", "1. "),
    *("00:12 ", "[1]", "[^1]", "(laughs) ", "*laughs* ", "\ue200"),
    *("¹", "~~", "==a", "et al ", "etc. ", "Dr. ", "1 mg"),
    *("1–2 ", "1/2 ", "Host 1 ", "Speaker 0: ", "a, ", "Ab: ", "\t"),
    *("\r\n", "\0", "\u200f", "אב ", "x" * 99 + " ", "a_b"),
    *("a*b*", '<a b="c">', "<sup>", "5 * 3 ", "-->", "ad lib "),
    *("music ", "sources: ", "(a) ", "*(a)*", "Ada", "a: "),
]  # fmt: skip


def split(text: str) -> None:
    marked = MarkedText()
    list(marked.feed(text))
    list(marked.close())


def read_lines(text: str) -> None:
    for judge in (
        *(noise.is_rule, noise.read_fence, noise.strip_line_marks, noise.is_preamble, noise.is_bold_heading),
        *(noise.is_chatter, noise.is_marked_direction, noise.is_whole_aside),
        *(noise.is_fact_of_script, noise.begins_sources),
        *(stage.is_manner, names.fold, names.is_person_name, tags.vocabulary().find),
        *(tags.strip_tags, strip_quotes),
    ):  # fmt: skip
        judge(text)


def cite(text: str) -> None:
    citations.take_out_addresses(citations.take_out_citations(text))
    citations.is_citation(text)


def export(text: str) -> None:
    turns = parse_turns(text, ("Ada", "Ben"))
    render_ssml(turns or [Turn("Ada", text)])
    render_segments(turns)


def clean(text: str) -> None:
    WordCleaner(keeps_tags=False, spells_out=False).clean(text, is_start=True)
    WordCleaner(keeps_tags=True, spells_out=True).clean(text, is_start=True)


PARTS: dict[str, Callable[[str], Any]] = {
    "clean": clean, "spell": spell_out, "cite": cite, "read_lines": read_lines, "split": split, "export": export
}  # fmt: skip
WHOLE: dict[str, Callable[[str], Any]] = {"talk": talk, "lesson": lesson}


@pytest.mark.parametrize("part", COMMON)
def test_parts_of_the_filter_take_hostile_text_in_linear_time(part: str) -> None:
    for name, filtered in PARTS.items():
        assert_linear(filtered, part, name)


@pytest.mark.parametrize("part", COMMON)
def test_scripts_take_hostile_text_in_linear_time(part: str) -> None:
    for name, filtered in WHOLE.items():
        assert_linear(filtered, part, name, whole=20_000)


@pytest.mark.soak
@pytest.mark.parametrize("part", [*COMMON, *RARE])
def test_everything_takes_every_hostile_text_in_linear_time(part: str) -> None:
    for name, filtered in {**PARTS, **WHOLE}.items():
        assert_linear(filtered, part, name, in_full=True)


def test_script_that_never_ends_a_word_is_given_out_on_the_way() -> None:
    """What is held back is bounded, whatever comes."""
    for part in ("a", "[", "(", "*", "<", '"', "。", "=", "`"):
        text = f"Ada: {part * 5000}"
        assert len(talk(text)) <= len(text) + 200 * len("\n\nAda: ")
