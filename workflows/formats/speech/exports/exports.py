"""Exports of a script: SSML, segments for a speech service, subtitles."""

import json
from collections.abc import Callable, Mapping, Sequence

from workflows.formats.exports import Exporter, Finished
from workflows.formats.speech.exports.renderers import WORDS_PER_MINUTE, render_segments, render_ssml
from workflows.formats.speech.exports.subtitles import make_cues, passages_of, render_cues
from workflows.formats.speech.turns import Turn

_WARNER = {"en": "WARNING", "he": "אזהרה"}
_NO_TAGS = str.maketrans("[]", "()")
"""What stands in brackets is a way of speaking, and isn't spoken."""

Turns = Callable[[Finished], Sequence[Turn]]
"""What is spoken in a finished script, and by whom."""


def warned(turns_of: Turns) -> Turns:
    """The same turns, with the warnings of a run as the first ones, in a voice of their own."""

    def turns(finished: Finished) -> Sequence[Turn]:
        speaker = _WARNER.get(finished.language, _WARNER["en"])
        warnings = [Turn(speaker, line.translate(_NO_TAGS)) for line in finished.danger_lines]
        return [*warnings, *turns_of(finished)]

    return turns


def script_exports(turns_of: Turns) -> Mapping[str, Exporter]:
    """`ssml`, `segments` and `srt` of a format whose text is turns; a warning is spoken before them.

    Times go by `words_a_minute` of the run's metadata, where there is one.
    """
    turns_of = warned(turns_of)

    def ssml(finished: Finished) -> bytes:
        return render_ssml(turns_of(finished), finished.language).encode()

    def segments(finished: Finished) -> bytes:
        rendered = render_segments(turns_of(finished), _pace(finished))
        return (json.dumps(rendered, ensure_ascii=False, indent=1) + "\n").encode()

    def srt(finished: Finished) -> bytes:
        return render_cues(make_cues(passages_of(turns_of(finished)), _pace(finished), finished.language))

    return {
        "ssml": Exporter("ssml", "application/ssml+xml", ssml),
        "segments": Exporter("json", "application/json", segments),
        "srt": Exporter("srt", "application/x-subrip; charset=utf-8", srt),
    }


def _pace(finished: Finished) -> int:
    return int(finished.metadata.get("words_a_minute", WORDS_PER_MINUTE))
