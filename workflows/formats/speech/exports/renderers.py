"""Renderers of a script for machines: plain text, SSML, segments for a speech service. Pure functions of turns."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from workflows.formats.speech.tags import TAG, vocabulary
from workflows.formats.speech.turns import Turn
from workflows.text.characters import drop_unwritable
from workflows.text.words import count_words

WORDS_PER_MINUTE = 140
"""The pace of a calm speaker, as explaining to patients asks for; radio is at about 150."""

_SPEECH = "http://www.w3.org/2001/10/synthesis"
BETWEEN_TURNS_MS = 400
"""Silence between two turns, milliseconds."""


def render_plain(turns: Sequence[Turn]) -> str:
    """`LABEL: text` without tags, a turn per paragraph."""
    return "".join(f"{turn.speaker}: {turn.spoken}\n\n" for turn in turns if turn.spoken).rstrip() + "\n"


def render_segments(turns: Sequence[Turn], words_per_minute: int = WORDS_PER_MINUTE) -> list[dict[str, Any]]:
    """`{index, speaker, text, tags, estimated_seconds}` per turn: text without tags, pauses counted as time."""
    spoken = [turn for turn in turns if turn.spoken]
    return [
        {
            "index": index,
            "speaker": turn.speaker,
            "text": turn.spoken,
            "tags": turn.tags,
            "estimated_seconds": round(speaking_seconds(turn, words_per_minute), 1),
        }
        for index, turn in enumerate(spoken)
    ]


def speaking_seconds(turn: Turn, words_per_minute: int = WORDS_PER_MINUTE) -> float:
    """Speaking time of the turn, its pauses included."""
    pauses = vocabulary().pauses
    silence = sum(pauses.get(tag, 0) for tag in turn.tags) / 1000
    return count_words(turn.spoken) * 60 / words_per_minute + silence


def speaking_minutes(turns: Sequence[Turn]) -> float:
    """Speaking time of the whole, with the silences between turns."""
    silence = max(0, len(turns) - 1) * BETWEEN_TURNS_MS / 1000
    return (sum(speaking_seconds(turn) for turn in turns) + silence) / 60


def render_ssml(turns: Sequence[Turn], language: str = "en") -> str:
    """A W3C SSML 1.1 document: a voice per turn, named after its label, pauses as `break`, manners as `prosody`. Always
    well-formed."""
    speak = ElementTree.Element("speak", {"version": "1.1", "xmlns": _SPEECH, "xml:lang": language})
    speak.text = "\n"
    for index, turn in enumerate(turn for turn in turns if turn.spoken):
        if index:
            ElementTree.SubElement(speak, "break", {"time": f"{BETWEEN_TURNS_MS}ms"}).tail = "\n"
        name = turn.speaker.casefold().replace(" ", "-")
        voice = ElementTree.SubElement(speak, "voice", {"name": drop_unwritable(name)})
        voice.tail = "\n"
        _speak(voice, turn.text)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(speak, encoding="unicode")}\n'


def _speak(voice: ElementTree.Element, text: str) -> None:
    """Words, pauses and manners, in order, below `voice`."""
    known = vocabulary()
    place = voice
    parts = TAG.split(text)  # words, tag, words, tag, …, words
    _add(place, parts[0])
    for tag, words in zip(parts[1::2], parts[2::2], strict=True):
        if tag in known.pauses:
            ElementTree.SubElement(place, "break", {"time": f"{known.pauses[tag]}ms"})
        elif tag in known.manners:
            manner = known.manners[tag]
            place = ElementTree.SubElement(voice, "prosody", {"rate": manner.rate, "pitch": manner.pitch})
        _add(place, words)


def _add(place: ElementTree.Element, words: str) -> None:
    plain = drop_unwritable(" ".join(words.split()))
    if not plain:
        return
    if len(place):
        place[-1].tail = f"{place[-1].tail} {plain}" if place[-1].tail else plain
    else:
        place.text = f"{place.text} {plain}" if place.text else plain
