"""Exports of a script: SSML, segments for a speech service, subtitles."""

import json
from collections.abc import Callable, Mapping, Sequence

from workflows.formats.exports import Exporter, Finished
from workflows.formats.speech.renderers import WORDS_A_MINUTE, render_segments, render_ssml
from workflows.formats.speech.subtitles import make_cues, passages_of, render_cues
from workflows.formats.speech.turns import Turn

Turns = Callable[[Finished], Sequence[Turn]]
"""What is spoken in a finished script, and by whom."""


def script_exports(turns_of: Turns) -> Mapping[str, Exporter]:
    """The exporters `ssml`, `segments` and `srt` of a format whose text is turns.

    Times go by `words_a_minute` of the run's metadata, where there is one.
    """

    def ssml(finished: Finished) -> bytes:
        return render_ssml(turns_of(finished), finished.language).encode()

    def segments(finished: Finished) -> bytes:
        told = render_segments(turns_of(finished), _pace(finished))
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()

    def srt(finished: Finished) -> bytes:
        return render_cues(make_cues(passages_of(turns_of(finished)), _pace(finished)))

    return {
        "ssml": Exporter("ssml", "application/ssml+xml", ssml),
        "segments": Exporter("json", "application/json", segments),
        "srt": Exporter("srt", "application/x-subrip; charset=utf-8", srt),
    }


def _pace(finished: Finished) -> int:
    return int(finished.metadata.get("words_a_minute", WORDS_A_MINUTE))
