"""Metrics of an episode. Pure."""

from typing import Any

from workflows.formats.podcast.dialogue import read_turns
from workflows.formats.podcast.facts import pack_words
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.spoken import language_tag
from workflows.state import State, text_of
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.words import count_words

_READING, _SPEAKING = 238, 150  # words a minute: silent reading (Brysbaert 2019), a conversation's pace
LONG_TURN_WORDS = 120
"""A turn beyond this is a lecture."""


def podcast_metrics(inputs: PodcastInput, state: State) -> dict[str, Any]:
    """Words, minutes, turns, words by host, sources, lengths of pieces. Names before a colon count as words of the
    text, but not as spoken ones."""
    text = text_of(state["sections"])
    words = count_words(text)
    hosts = [host.name for host in inputs.hosts]
    turns = [(speaker, count_words(said)) for speaker, said in read_turns(text, hosts)]
    spoken = sum(length for _, length in turns)
    facts = state.get("facts") or {"canonical_pack": {}, "sources": []}
    grade = reading_grade(text, language_tag(inputs.language))
    return {
        "word_count": words,
        "target_words": inputs.target_words,
        "deviation": round(words / inputs.target_words - 1, 4),
        "estimated_reading_time": round(words / _READING, 1),
        "speaking_minutes": round(spoken / _SPEAKING, 1),
        "words_a_minute": _SPEAKING,
        "vocabulary_level": vocabulary_level(grade),
        "reading_grade": grade,
        "educational_elements": [],
        "turns": len(turns),
        "long_turns": sum(length > LONG_TURN_WORDS for _, length in turns),
        "words_by_host": {
            host: sum(length for speaker, length in turns if speaker == host) for host in hosts
        },
        "sources": len(facts["sources"]),
        "canonical_pack_words": pack_words(facts["canonical_pack"]),
        "pieces": [
            {
                "name": piece["name"],
                "target_words": piece["target_words"],
                "words": count_words(piece["text"]),
                "deviation": round(count_words(piece["text"]) / piece["target_words"] - 1, 4),
            }
            for piece in state.get("pieces", {}).values()
        ],
    }
