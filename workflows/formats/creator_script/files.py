"""Exports of a video script for machines: subtitles, and the lines of a single voice. Pure."""

from collections.abc import Mapping

from workflows.formats.creator_script.script import spoken
from workflows.formats.exports import Exporter, Finished
from workflows.formats.speech.exports.exports import script_exports
from workflows.formats.speech.exports.subtitles import SpokenPassage, make_cues, render_cues
from workflows.formats.speech.turns import Turn

_VOICE = "NARRATOR"


def render_srt(finished: Finished) -> bytes:
    """Subtitles as SubRip. The times follow the written words, not the planned ranges."""
    pace = int(finished.metadata["words_a_minute"])
    texts = [*finished.danger_lines, *(spoken(text) for _, text in finished.sections)]
    return render_cues(make_cues([SpokenPassage(text) for text in texts], pace, finished.language))


def _turns_of(finished: Finished) -> list[Turn]:
    """A turn per paragraph, so that a speech service gets pieces of a suitable length."""
    paragraphs = [part for _, text in finished.sections for part in spoken(text).split("\n\n")]
    return [Turn(_VOICE, " ".join(part.split())) for part in paragraphs if part.strip()]


EXPORTS: Mapping[str, Exporter] = {
    **script_exports(_turns_of),
    "srt": Exporter("srt", "application/x-subrip; charset=utf-8", render_srt),
}
