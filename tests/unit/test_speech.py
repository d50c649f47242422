"""Scripts that are spoken: cleaned while they stream, counted, and rendered for machines."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from workflows.formats.speech.exports.renderers import (
    render_plain,
    render_segments,
    render_ssml,
    speaking_minutes,
    speaking_seconds,
)
from workflows.formats.speech.exports.subtitles import make_cues, passages_of
from workflows.formats.speech.filter.script_filter import ScriptFilter
from workflows.formats.speech.speakers.cast import Cast
from workflows.formats.speech.tags import vocabulary
from workflows.formats.speech.turns import Turn, parse_turns, spoken_text, words_by_speaker
from workflows.formats.speech.wording.spoken import spell_out
from workflows.text.streams.normaliser import normalise

CAST = Cast(
    ("DOCTOR", "PATIENT"),
    {"dr": "DOCTOR", "doc": "DOCTOR", "physician": "DOCTOR", "pt": "PATIENT", "מטופל": "PATIENT"},
)
SPEECH = {"s": "http://www.w3.org/2001/10/synthesis"}


def script(text: str, language: str = "en") -> str:
    one = ScriptFilter(CAST, language)
    return one.feed(text) + one.close()


# What a model writes, and what is left of it.


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("DOCTOR: Hello.", "DOCTOR: Hello."),
        ("**Doctor:** Hello.", "DOCTOR: Hello."),
        ("**Doctor**: Hello.", "DOCTOR: Hello."),
        ("Dr. Levi: Hello.", "DOCTOR: Hello."),
        ("- Doc: Hello.", "DOCTOR: Hello."),
        ("> patient: Hello.", "PATIENT: Hello."),
        ("מטופל: שלום.", "PATIENT: שלום."),
        ("DOCTOR:\nHello.", "DOCTOR: Hello."),
        ("DOCTOR (warmly): Hello.", "DOCTOR: [warm] Hello."),
        ("DOCTOR [whispering]: Hello.", "DOCTOR: Hello."),
        ("DOCTOR: (reassuringly) Hello.", "DOCTOR: [reassuring] Hello."),
        ("DOCTOR: [Reassuring tone] Hello.", "DOCTOR: [reassuring] Hello."),
        ("DOCTOR: [dramatic zoom] Hello.", "DOCTOR: Hello."),
        ("DOCTOR: Hello. [pause] [pause] Well.", "DOCTOR: Hello. [pause] Well."),
        ("DOCTOR: Hello (laughs softly) you.", "DOCTOR: Hello you."),
        ("DOCTOR: Hello *sighs* you.", "DOCTOR: Hello [breath] you."),
        ("DOCTOR: Laughing (laughing or coughing) hurts.", "DOCTOR: Laughing (laughing or coughing) hurts."),
        ("DOCTOR: The pressure (hypertension) falls.", "DOCTOR: The pressure (hypertension) falls."),
        ("DOCTOR: A slow (slow) release.", "DOCTOR: A slow (slow) release."),
        ("DOCTOR: It is **very** _good_ and `plain`.", "DOCTOR: It is very good and plain."),
        ("DOCTOR: See [the leaflet](https://a.org/b).", "DOCTOR: See the leaflet."),
        ("Sure! Here's the script:\n\nDOCTOR: Hello.", "DOCTOR: Hello."),
        ("Here is the section you asked for:\nDOCTOR: Hello.", "DOCTOR: Hello."),
        ("### Section 1: The heart\nDOCTOR: Hello.", "DOCTOR: Hello."),
        ("**Section 1: The heart**\nDOCTOR: Hello.", "DOCTOR: Hello."),
        ("[Intro music fades in]\nDOCTOR: Hello.\n---\nWord count: 12", "DOCTOR: Hello."),
        ("DOCTOR: Hello.\nSFX: a door\n(soft music)\nLet me know if you want more!", "DOCTOR: Hello."),
        ("```\nDOCTOR: Hello.\n```", "DOCTOR: Hello."),
        ("[pause]\nDOCTOR: Hello.", "DOCTOR: [pause] Hello."),
        ("NURSE: Come in.", "DOCTOR: Come in."),
        ("DOCTOR: Yes.\nWARNING: call.", "DOCTOR: Yes.\n\nDOCTOR: WARNING: call."),
        ("PATIENT: One.\nTwo goes on.", "PATIENT: One.\n\nPATIENT: Two goes on."),
        ("Patient advice: drink.", "DOCTOR: Patient advice: drink."),
        ("DOCTOR: Remember: drink.", "DOCTOR: Remember: drink."),
        ("DOCTOR: Take 5–10 mg, e.g. at 8.", "DOCTOR: Take 5 to 10 milligrams, for example at 8."),
        ("DOCTOR: A [ that is left open", "DOCTOR: A that is left open"),
        ("", ""),
        ("---\n\n[music]\n", ""),
    ],
)
def test_script_filter_of_known_text_gives_known_text(written: str, spoken: str) -> None:
    assert script(written) == spoken


def test_script_filter_of_another_language_spells_nothing_out() -> None:
    assert script("DOCTOR: 5 mg", "he") == "DOCTOR: 5 mg"


def test_script_filter_gives_whole_sentences_before_the_turn_ends() -> None:
    one = ScriptFilter(CAST)
    assert [one.feed(word) for word in ("DOC", "TOR: Hel", "lo. ", "How are", " you? ", "Well")] == [
        "",
        "",
        "DOCTOR: Hello.",
        "",
        " How are you?",
        "",
    ]
    assert one.close() == " Well"


_PARTS = st.sampled_from(
    [
        *("DOCTOR: ", "**Patient:** ", "Dr. Levi (calmly): ", "NURSE: ", "hello", " there. ", "Stop! ", "5"),
        *(" mg", "–10", "[", "]", "(", ")", "[pause]", "[laughs]", "(laughs)", "*", "**", "_", "`", "#"),
        *("## Heading\n", "\n", "\n\n", "\r\n", "---\n", "e.g. ", "Dr. ", "1. ", "- ", ". ", "etc. ", "24/7"),
        *("Sure! ", "Here's the script:\n", "Word count: 9\n", " ", "…", "?", "<b>", "½"),
    ]
)


@given(st.lists(_PARTS, max_size=24), st.data())
def test_script_filter_gives_the_same_text_however_it_is_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    for chunks in (
        [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)],
        list(text),
    ):
        one = ScriptFilter(CAST)
        assert "".join([*(one.feed(chunk) for chunk in chunks), one.close()]) == script(text)


@given(st.lists(_PARTS, max_size=24))
def test_script_filter_leaves_labelled_turns_known_tags_and_no_markdown(parts: list[str]) -> None:
    clean = script("".join(parts))
    for line in clean.split("\n\n") if clean else []:
        assert re.match(r"(DOCTOR|PATIENT): \S", line), line
        assert "\n" not in line
    assert set(re.findall(r"\[([^\]]*)\]", clean)) <= set(vocabulary().tags)
    assert not re.search(r"\*\*|__|`|^#", clean)
    assert clean == clean.strip()
    assert normalise(clean) == clean


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5–10 mg", "5 to 10 milligrams"),
        ("5 mg–10 mg", "5 milligrams to 10 milligrams"),
        ("1 mg, 0.5 mg/kg/day", "1 milligram, 0.5 milligrams per kilogram per day"),
        ("a 500 mg tablet", "a 500 milligram tablet"),
        ("37.5 °C or 100°F", "37.5 degrees Celsius or 100 degrees Fahrenheit"),
        ("120/80 mmHg", "120 over 80 millimetres of mercury"),
        ("3x/day for 2 wks", "3 times a day for 2 weeks"),
        ("1/2 tablet, 1½ cups", "one half tablet, 1 and one half cups"),
        ("e.g. Dr. Levi, i.e. him", "for example Doctor Levi, that is him"),
        ("24/7", "24 hours a day, 7 days a week"),
        ("milk, eggs, etc. Then rest.", "milk, eggs, and so on. Then rest."),
        ("≥38 and <5", "at least 38 and less than 5"),
        ("80% of those 65+", "80 percent of those 65 and over"),
        ("www.nhs.uk/heart-health.", "nhs dot uk slash heart dash health."),
        ("ask a@b.org", "ask a at b dot org"),
        ("COVID-19 on 2024-05-01, call 054-123-4567", "COVID-19 on 2024-05-01, call 054-123-4567"),
        ("in the 1990s with 5G", "in the 1990s with 5G"),
        ("Nothing to spell here.", "Nothing to spell here."),
    ],
)  # fmt: skip
def test_speller_says_what_a_voice_would_stumble_on(written: str, said: str) -> None:
    assert spell_out(written) == said


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60))
def test_speller_keeps_every_number(text: str) -> None:
    def digits(string: str) -> str:
        return re.sub(r"\D", "", string)

    if "/" not in text:  # fractions and 24/7 become words
        assert digits(spell_out(text)) == digits(text)


# Turns.


def test_turns_of_a_script_are_labelled_lines_and_what_goes_on() -> None:
    turns = parse_turns("Well.\nPATIENT: [curious] Why?\nAnd when?\n\nNOTE: that.", ("DOCTOR", "PATIENT"))
    assert turns == [Turn("DOCTOR", "Well."), Turn("PATIENT", "[curious] Why? And when? NOTE: that.")]
    assert words_by_speaker(turns) == {"DOCTOR": 1, "PATIENT": 5}
    assert spoken_text(turns) == "Well.\nWhy? And when? NOTE: that."


# Exports.

TURNS = [
    Turn("DOCTOR", "[reassuring] It is < 5 & safe. [pause] Yes?"),
    Turn("PATIENT 1", '"Thanks" \x0b— [curious]why [serious] now'),
    Turn("DOCTOR", "[pause]"),
]


def test_plain_export_has_labels_and_no_tags() -> None:
    assert render_plain(TURNS) == 'DOCTOR: It is < 5 & safe. Yes?\n\nPATIENT 1: "Thanks" — why now\n'


def test_ssml_export_is_valid_xml_with_voices_breaks_and_manners() -> None:
    root = etree.fromstring(render_ssml(TURNS, "en").encode())

    assert etree.QName(root).localname == "speak" and root.get("version") == "1.1"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    voices = root.findall("s:voice", SPEECH)
    assert [voice.get("name") for voice in voices] == ["doctor", "patient-1"]
    assert ["".join(voice.itertext()) for voice in voices] == ["It is < 5 & safe.Yes?", '"Thanks" —whynow']
    [prosody] = voices[0].findall("s:prosody", SPEECH)
    assert prosody.get("rate") == vocabulary().manners["reassuring"].rate
    assert [part.get("time") for part in prosody] == ["700ms"] and prosody[0].tail == "Yes?"
    assert len(voices[1].findall("s:prosody", SPEECH)) == 2
    assert len(root.findall("s:break", SPEECH)) == 1


def test_ssml_export_names_a_voice_after_whatever_its_speaker_is_called() -> None:
    root = etree.fromstring(render_ssml([Turn('DR. "A" <B>', "Hello.")], "he").encode())
    assert root.find("s:voice", SPEECH).get("name") == 'dr.-"a"-<b>'


@given(st.lists(st.text(max_size=40), max_size=6))
def test_ssml_export_of_any_text_can_be_read(texts: list[str]) -> None:
    etree.fromstring(render_ssml([Turn("DOCTOR", text) for text in texts]).encode())


def test_segments_export_counts_words_and_pauses_as_time() -> None:
    first, second = render_segments(TURNS, words_per_minute=60)

    assert first == {
        "index": 0,
        "speaker": "DOCTOR",
        "text": "It is < 5 & safe. Yes?",
        "tags": ["reassuring", "pause"],
        "estimated_seconds": 5.7,
    }
    assert (second["index"], second["speaker"], second["estimated_seconds"]) == (1, "PATIENT 1", 3.0)
    assert speaking_seconds(TURNS[2]) == 0.7
    spoken = sum(speaking_seconds(turn) for turn in TURNS[:2])
    assert speaking_minutes(TURNS[:2]) == pytest.approx((spoken + 0.4) / 60)


# Subtitles.


def test_subtitles_of_turns_count_pauses_as_time_and_say_who_speaks_once() -> None:
    turns = [Turn("DOCTOR", "[warm] Sit down. [pause] Breathe."), Turn("PATIENT", "Thank you.")]
    cues = make_cues(passages_of(turns), 60)
    pause = vocabulary().pauses["pause"] / 1000
    assert [(cue.start, cue.end, cue.lines) for cue in cues] == [
        (0, 2, ("DOCTOR: Sit down.",)),
        (2 + pause, 3 + pause, ("Breathe.",)),
        (pytest.approx(3.4 + pause), pytest.approx(5.4 + pause), ("PATIENT: Thank you.",)),
    ]


@given(
    st.lists(st.tuples(st.sampled_from(CAST.labels), st.text(max_size=200)), max_size=5), st.integers(80, 220)
)
def test_subtitles_of_any_turns_are_short_and_never_overlap(said: list[tuple[str, str]], pace: int) -> None:
    before = 0.0
    for cue in make_cues(passages_of([Turn(*turn) for turn in said]), pace):
        assert 1 <= len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines)
        assert cue.start >= before - 1e-6 and 0 < cue.end - cue.start <= 7.0001
        before = cue.end
