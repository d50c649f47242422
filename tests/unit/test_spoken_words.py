"""What is spoken: no mark, tag, address, citation or stage direction; signs that mean themselves stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_speaker_labels import SIZES, lesson, talk
from workflows.formats.podcast.dialogue import Dialogue
from workflows.formats.podcast.marks import MarkedText
from workflows.formats.speech.tags import vocabulary
from workflows.formats.speech.wording.addresses import list_addresses

SIGNS = [
    *("We wrote it in C# and F#.", "See issue #42.", "Open my_file_name.py first."),
    *("Well, 5 * 3 is 15.", "It is 1 < 2."),
    *("It is 3 > 2.", "R&D at AT&T.", "3/4 of it.", "a * b * c."),
    *("2**8 is 256.", "5*3 is 15.", "x_y and snake_case."),
    *("~5 km at 20°C.", "$5 & €6, 50% off.", "5 + 3 = 8.", "10^6 trains."),
    *("An A* search.", "C++ and .NET 8.", "and/or."),
    *("a == b.", "Wait… what?", "Well — yes, I think.", "It (the train) left."),
    *("“Night trains” is the title.", "m² and km²."),
    *("Node.js and Booking.com.", "1–2 and 3-4.", "-5 degrees."),
    *("Then — silence — and the door opened.", "We heard it — music — from the hill."),
    *("2 ** 8 is 256.", "Open __init__.py and __main__.py.", "He said — I think — yes."),
    *("5 - 3.", "No. 5.", "f(x) = y.", "@nightjet said so."),
    *("It grew (in March, 2020).", "Hello (hypertension) you."),
    *("Hello (laughing or coughing) you.", "3 < 5 > 2."),
]  # fmt: skip


@pytest.mark.parametrize("said", SIGNS)
def test_sign_that_means_itself_stays(said: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: {said}", size) == f"Ada: {said}"
        assert talk(f"Ada: Now {said}", size) == f"Ada: Now {said}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is *very* late and **really** dark.", "It is very late and really dark."),
        ("It is ***so*** _very_ __dark__.", "It is so very dark."),
        ("It is ~~late~~ `dark` ==now==.", "It is late dark now."),
        ("Use `my_var` and `a*b*c`.", "Use my_var and a*b*c."),
        (r"5 \* 3 and snake\_case and \#42.", "5 * 3 and snake_case and #42."),
        ("AT&amp;T &lt; 5 &#39;x&#39;.", "AT&T < 5 'x'."),
        ("~laughs~ Well.", "Well."),
        ("♪ theme music ♪ Well.", "Well."),
        ("(00:12) Well.", "Well."),
        ("un*frigging*believable.", "unfriggingbelievable."),
        ("Price* applies.", "Price applies."),
        ("**Bold start here.", "Bold start here."),
        ("End bold**.", "End bold."),
        ("> Quoted. # Not a heading", "Quoted. # Not a heading"),
        ("Hello 😀 there 👍🏽!", "Hello there!"),
        ("Flags 🇩🇪 and ❤️ go.", "Flags and go."),
        ("1️⃣ first.", "1 first."),
        ("It <b>is</b> <i>so</i> late<br/>now.", "It is so late now."),
        ("very.**bold** it.", "very.bold it."),
    ],
)
def test_mark_is_not_spoken(written: str, said: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: {written}", size) == f"Ada: {said}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It grew by 5% [1][2].", "It grew by 5%."),
        ("It grew[1], they say [2, 3].", "It grew, they say."),
        ("It grew【1†source】 by 5【2†a】.", "It grew by 5."),
        ("It grew (Source: Reuters, 2024).", "It grew."),
        ("It grew (source: https://x.org/a).", "It grew."),
        ("It grew [Source: WHO] fast [citation needed].", "It grew fast."),
        ("It grew (see [1]).", "It grew."),
        ("It grew[^1] fast[^note].", "It grew fast."),
        ("It grew (Levi et al., 2020).", "It grew."),
        ("It grew (Levi & Cohen, 2020; WHO, 2021, p. 4).", "It grew."),
        ("It grew.¹ And fell† again.²", "It grew. And fell again."),
        ("It grew<sup>1</sup> by 10<sup>6</sup>.", "It grew by 10⁶."),
        ("It is 2<sup>-3</sup> g, not 5 m<sup>2</sup> 4.", "It is 2⁻³ g, not 5 m² 4."),
        ("The 4<sup>th</sup> of x<sup>2 and 3.", "The 4th of x² and 3."),
        ("It left <|laughs|> at last <#0.5#> today.", "It left at last today."),
        ("It grew \ue200cite\ue202turn0search1\ue201.", "It grew."),
        ("It grew :contentReference[oaicite:0]{index=0}.", "It grew."),
        ("As [they say](https://x.org/a) ([paper](https://r.org/b)).", "As they say."),
        ("See [the report][1] now.", "See the report now."),
        ('It is [1](https://x.org) or [a](https://x.org/a_(b) "t").', "It is or a."),
        ("It is [[1]](https://x.org) now.", "It is now."),
        ("It is ![a train](https://x.org/a.png) here.", "It is here."),
        ("Visit https://www.example.org/a_b?c=d&e=f for more.", "Visit for more."),
        ("Find it at https://example.org/a.", "Find it."),
        ("It is at www.example.org, she said.", "It is, she said."),
        ("It is on example.org/report.", "It is."),
        ("It grew (see https://x.org/a_(b)).", "It grew."),
        ("It grew <https://x.org/a>.", "It grew."),
        ("Write to ada@example.org today (or ada@example.org).", "Write today."),
        ("See doi:10.1000/xyz123 for it.", "See for it."),
    ],
)
def test_citation_and_address_are_not_spoken(written: str, said: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: {written}", size) == f"Ada: {said}"


BRIEF = list_addresses("Send them to https://www.example.org/start, or to hello@example.org.")


def talk_with_addresses(text: str, size: int, language: str = "en") -> str:
    script = Dialogue(("Ada", "Ben"), language, addresses=BRIEF)
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join([*map(script.feed, chunks), script.close()])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Go to example.org/start.", "Go to example dot org slash start."),
        ("Go to https://example.org/start, now.", "Go to example dot org slash start, now."),
        ("Go to HTTPS://WWW.Example.org/start/ now.", "Go to Example dot org slash start now."),
        ("Go to <https://example.org/start>.", "Go to example dot org slash start."),
        ("Go to `example.org/start`.", "Go to example dot org slash start."),
        ("Go to **example.org/start**!", "Go to example dot org slash start!"),
        ("Visit [our page](https://example.org/start).", "Visit our page, example dot org slash start."),
        ("See [example.org/start](https://example.org/start).", "See example dot org slash start."),
        ("Write to us (hello@example.org).", "Write to us (hello at example dot org)."),
        ("Go to example.org/other.", "Go."),
        ("It grew (source: https://x.org/a). Go to example.org/start.", "It grew. Go to example dot org slash start."),
    ],
)  # fmt: skip
def test_address_that_the_brief_gave_is_said_in_words(written: str, said: str) -> None:
    for size in SIZES:
        assert talk_with_addresses(f"Ada: {written}", size) == f"Ada: {said}"


def test_address_that_the_brief_gave_is_kept_in_a_language_without_words_for_its_signs() -> None:
    said = talk_with_addresses("Ada: Ve a www.example.org/start hoy.", 3, "es")
    assert said == "Ada: Ve a example.org/start hoy."


def test_address_is_not_spoken_in_a_lesson_either() -> None:
    assert lesson("DOCTOR: See https://www.nhs.uk/a (or a@b.org) now.") == "DOCTOR: See now."


@pytest.mark.parametrize(
    "note",
    [
        *(
            "[laughs]",
            "(laughs softly)",
            "*sighs*",
            "_laughs_",
            "<laughs>",
            "<chuckle/>",
            "{laughs}",
            "**(laughs)**",
        ),
        *(
            "*(laughs)*",
            "（笑）",
            "[both laugh]",
            "[music swells]",
            "(Ben laughs.)",
            "<!-- a note -->",
            "(beat)",
        ),
        *(
            '<break time="500ms"/>',
            '<break strength="weak"/>',
            "<audio src='a.mp3'/>",
            "[SFX: a door]",
            "(צוחקת)",
        ),
    ],
)
def test_stage_direction_is_not_spoken_in_an_episode(note: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: Hello {note} you.", size) == "Ada: Hello you."
        assert talk(f"Ada: {note} Hello.", size) == "Ada: Hello."
        assert talk(f"Ada: Hello you {note}.", size) == "Ada: Hello you."


@pytest.mark.parametrize("note", ["(whispering to Ben)", "(to Ben, quietly)", "(amused)", "[warmly]"])
def test_words_in_brackets_at_the_start_of_a_turn_are_its_manner(note: str) -> None:
    assert talk(f"Ada: {note} Hello.") == "Ada: Hello."


@pytest.mark.parametrize(
    "markup",
    [
        *('<emphasis level="strong">Hello</emphasis> you.', '<prosody rate="slow" pitch="+5%">Hello</prosody> you.'),
        '<say-as interpret-as="date">Hello</say-as> you.',
        '<amazon:effect name="whispered">Hello</amazon:effect> you.',
        *("<speak><s>Hello you.</s></speak>", '<mstts:express-as style="x">Hello you.</mstts:express-as>'),
    ],
)  # fmt: skip
def test_markup_for_a_voice_leaves_its_words(markup: str) -> None:
    for size in SIZES:
        assert talk(f"Ada: {markup}", size) == "Ada: Hello you."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('Eat nothing <break time="500ms"/> for 8 hours.', "Eat nothing [pause] for 8 hours."),
        ('Wait <break strength="weak"/> now <break time="2s"/>.', "Wait [short pause] now [long pause]."),
        ('<mstts:express-as style="cheerful">Good</mstts:express-as> day.', "[cheerful] Good day."),
        ('<prosody rate="slow">Eat</prosody> well.', "[slow] Eat well."),
        ("<laughs> Eat <sigh> well.", "Eat [breath] well."),
        ("5 * 3 is 15, 1 < 2, C#, R&D, #42, a_b.", "5 times 3 is 15, 1 is less than 2, C#, R and D, number 42, a_b."),
        ("Eat 3/4 of it [1], 2**3 times.", "Eat three quarters of it, 2 to the power of 3 times."),
    ],
)  # fmt: skip
def test_lesson_has_delivery_tags_for_markup_and_words_for_signs(written: str, said: str) -> None:
    for size in SIZES:
        assert lesson(f"DOCTOR: {written}", size) == f"DOCTOR: {said}"


# Lines that are no speech.


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Here's the script:\n\nAda: Hi.\nBen: Yes.",
        "Cold Open\n\nAda: Hi.\nBen: Yes.",
        "**Cold Open**  \n# Part one\n\nAda: Hi.\nBen: Yes.",
        "Title: Night trains\nHosts: Ada and Ben\n\nAda: Hi.\nBen: Yes.",
        "[Intro music fades in]\nAda: Hi.\n(soft music)\nBen: Yes.\n---\nWord count: 12",
        "```markdown\nAda: Hi.\nBen: Yes.\n```\nLet me know if you want more!",
        "Ada: Hi.\n```python\nprint(1)\n```\nBen: Yes.",
        "Ada: Hi.\n* * *\nBen: Yes.\n\nSources:\n1. Reuters – https://x.org\n2. [AP](https://y.org)\n",
        "Ada: Hi.\n\n**References**\n[1] Reuters https://x.org\n\nBen: Yes.\n[^1]: https://x.org",
        "| Speaker | Text |\n|---|---|\n| Ada | Hi. |\n| Ben | Yes. |",
        "| # | Time | Speaker | Text |\n|---|---|---|---|\n| 1 | 00:05 | Ada | Hi. |\n| 2 | 00:09 | Ben | Yes. |",
    ],
)
def test_line_that_is_no_speech_is_left_out(text: str) -> None:
    for size in SIZES:
        script = Dialogue(("Ada", "Ben"), titles=["Cold Open"])
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        assert "".join([*map(script.feed, chunks), script.close()]) == "Ada: Hi.\n\nBen: Yes."


def test_line_that_was_wrapped_goes_on_and_items_of_a_list_stand_for_themselves() -> None:
    assert talk("Ada: Welcome back to\nthe show.\nBen: Hi.") == "Ada: Welcome back to the show.\n\nBen: Hi."
    assert talk("Ada: Bring this:\n- water\n- bread") == "Ada: Bring this:\n\nAda: water\n\nAda: bread"
    assert talk("Ada: Hi.\n**This is important.**") == "Ada: Hi.\n\nAda: This is important."


# However a reply is cut.

_PARTS = st.sampled_from(
    [
        *("Ada", "Ben", "ADA", ": ", ":", "：", "**", "*", "_"),
        *("`", "```", "[", "]", "(", ")", "（", "）", "【", "】"),
        *("<Ada>", "<", ">", "</", "<laughs>", '<break time="1s"/>'),
        *("<!--", "-->", "- ", "– ", "—", "-> ", "| ", "\t"),
        *("\n", "\n\n", "\r\n", " ", "  ", "\u200f", "# ", "> ", "1. "),
        *("12", "[00:12] ", "5:30", "[1]", "https://x.org/a"),
        *("a@b.org", "at ", "(laughing)", "[pause]", "(Source: X)"),
        *("Host 1", "SPEAKER_00", "SPEAKER_01", "Narrator", "Dr. "),
        *("Emma", "Q", "A", "hello ", "Well ", "Yes. ", "No! "),
        *("…", "😀", "艾达", "欢迎。", "“", "”", '"', "'", "«", "»"),
        *("#42", "C#", "5 * 3", "x_y", "Sources:", "Sure! ", "&amp;"),
        *("\\*", "\0", "\x02", "\ue200x\ue201", "¹", "=", "~~"),
        *("♪", "Both", "דנה", 'ד"ר לוי', "Speaker", "DOCTOR", "Patient", "PATIENT: ", "x" * 90),
    ]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=24), st.data())
def test_script_does_not_depend_on_how_the_reply_was_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    size = data.draw(st.integers(1, 9))
    for filtered, labels in ((talk, ("Ada: ", "Ben: ")), (lesson, ("DOCTOR: ", "PATIENT: "))):
        whole = filtered(text)
        assert filtered(text, size) == whole and filtered(text, 1) == whole
        for turn in whole.split("\n\n") if whole else []:
            assert turn.startswith(labels) and turn == " ".join(turn.split()), turn
        assert not set("\0\x02\x03【】`") & set(whole)


@given(st.lists(_PARTS, max_size=24))
def test_lesson_holds_no_brackets_but_its_tags(parts: list[str]) -> None:
    said = lesson("".join(parts))
    for tag in vocabulary().tags:
        said = said.replace(f"[{tag}]", "")
    assert "[" not in said and "]" not in said


_MARK_PARTS = st.sampled_from(["=", "===", "====", "=== M1 ===", "\n", " ", "a", "M1", "=" * 25, "=" * 70])


@given(st.lists(_MARK_PARTS, max_size=12), st.integers(1, 5))
def test_marks_do_not_depend_on_how_the_reply_was_cut(parts: list[str], size: int) -> None:
    text = "".join(parts)

    def split(size: int) -> list[tuple[str, str]]:
        marked = MarkedText()
        found = [
            part for start in range(0, len(text), size) for part in marked.feed(text[start : start + size])
        ]
        joined: list[tuple[str, str]] = []
        for name, said in [*found, *marked.close()]:
            if joined and joined[-1][0] == name:
                joined[-1] = (name, joined[-1][1] + said)
            else:
                joined.append((name, said))
        return joined

    assert split(size) == split(1) == split(10_000)
    assert all("===" not in said for _, said in split(size))
