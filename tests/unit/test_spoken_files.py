"""What was cleaned goes to SSML, segments and subtitles with the same words, in both formats."""

import json
import re
from typing import Any

import pysubs2
import pytest
from lxml import etree

from tests.podcasts import EPISODE
from tests.unit.test_speaker_labels import lesson, talk
from workflows.formats.defaults import exporters_of
from workflows.formats.education_audio.format import EducationAudioFormat
from workflows.formats.exports import Finished
from workflows.formats.podcast.format import PodcastFormat

REPLY = (
    "**{one} (laughing):** 1 < 2 & *C#* [1], see https://x.org/a.\n[{two}] “R&D” <laughs> --> 5 * 3 (Source: X).\n"
    "### {one}\nאמרתי: שלום, עולם (5 מ\"ג).\n"
)  # fmt: skip
WORDS = ["1 < 2 & C#, see.", "“R&D” --> 5 * 3.", 'אמרתי: שלום, עולם (5 מ"ג).']


def finished(format: str, text: str, given: dict[str, Any]) -> Finished:
    return Finished(
        run_id="R",
        format=format,
        title="T",
        language="he",
        input=given,
        sections=[("One", text)],
        metadata={"words_a_minute": 150},
    )


@pytest.mark.parametrize(
    ("name", "speakers", "words"),
    [
        ("podcast", ["Ada", "Ben", "Ada"], WORDS),
        ("education_audio", ["DOCTOR", "PATIENT", "DOCTOR"], WORDS),
    ],
)
def test_files_of_a_script_have_its_speakers_and_its_words_alone(
    name: str, speakers: list[str], words: list[str]
) -> None:
    if name == "podcast":
        text = talk(REPLY.format(one="Ada", two="Host 2"))
        exporters, given = exporters_of(PodcastFormat()), EPISODE
    else:
        text = lesson(REPLY.format(one="Dr. Levi", two="Patient"), language="he")
        exporters, given = exporters_of(EducationAudioFormat()), {"speakers": "doctor_patient"}
    assert text == "\n\n".join(f"{who}: {said}" for who, said in zip(speakers, words, strict=True))
    files = {
        kind: exporters[kind].render(finished(name, text, given)) for kind in ("ssml", "segments", "srt")
    }

    speak = etree.fromstring(files["ssml"])
    voices = speak.findall("{*}voice")
    assert [voice.get("name") for voice in voices] == [who.casefold() for who in speakers]
    assert ["".join(voice.itertext()) for voice in voices] == words
    assert speak.get("{http://www.w3.org/XML/1998/namespace}lang") == "he"

    segments = json.loads(files["segments"])
    assert [(part["speaker"], part["text"], part["tags"]) for part in segments] == [
        (who, said, []) for who, said in zip(speakers, words, strict=True)
    ]

    cues = pysubs2.SSAFile.from_string(files["srt"].decode(), format_="srt")
    heard = " ".join(re.sub(r"^(?:Ada|Ben|DOCTOR|PATIENT): ", "", cue.plaintext) for cue in cues)
    assert heard.replace("\n", " ") == " ".join(words).replace("-->", "→")
    assert [cue.plaintext.partition(":")[0] for cue in cues] == speakers


def test_tags_of_a_lesson_are_breaks_and_manners_of_ssml_and_tags_of_segments() -> None:
    text = lesson('DOCTOR (warmly): Eat <break time="2s"/> nothing. <laughs> [dramatic zoom] Yes.')
    assert text == "DOCTOR: [warm] Eat [long pause] nothing. Yes."
    exporters = exporters_of(EducationAudioFormat())
    run = finished("education_audio", text, {"speakers": "doctor_patient"})
    [voice] = etree.fromstring(exporters["ssml"].render(run)).findall("{*}voice")
    assert [element.tag.rpartition("}")[2] for element in voice.iter()] == ["voice", "prosody", "break"]
    [segment] = json.loads(exporters["segments"].render(run))
    assert (segment["text"], segment["tags"]) == ("Eat nothing. Yes.", ["warm", "long pause"])
