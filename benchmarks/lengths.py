"""How near the sections come to their targets, and whether their endings stay, when replies run short or long."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.logs import configure_logs
from benchmarks.report import Row, Rows, show_one
from tests.endings import INPUTS, RESOLUTION, script_of, words_in
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.service import Client, Told, serve, settings_for
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import configured, exporters_of, room_of
from workflows.formats.registry import list_formats

_SCALES = (0.6, 1.0, 1.8)
_WORDS = 10_000
_TEXTS = {"story": 4}
"""Texts of a format; one of the others."""
_WHOLE = 0.03
"""How far an episode may be from its target."""
_DOCUMENT = {
    "title": "Before your blood test",
    "text": "Eat nothing for 8 hours before the test. Water is fine. Press on the spot for 3 minutes afterwards.",
}
_DANGERS = ("Water is forbidden.", "Take some lorazepam instead.", "Press for 30 minutes.")
_WARNING = "NOT safe to use as it is"


@dataclass(frozen=True, slots=True)
class _Written:
    """A finished text: its sections as its readers have them, and its metadata."""

    sections: dict[int, str]
    metadata: dict[str, Any]


async def run() -> Rows:
    """Texts of the five formats over HTTP, each reply of which ends with a resolution; and a dangerous lesson."""
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        provider = FakeProvider()
        settings = settings_for(provider, Path(folder), judge="off")
        configure_logs(settings)
        async with provider, serve(settings) as service:
            for name in sorted(INPUTS):
                for scale in _SCALES:
                    rows.append(await _measure(service.client, provider, name, scale))
            rows.append(await _dangerous(service.client, provider))
    return rows


async def _measure(client: Client, provider: FakeProvider, name: str, scale: float) -> Row:
    format = configured(list_formats()[name])
    inputs = INPUTS[name] or dict(format.example)
    if name == "podcast":
        inputs = {**inputs, "target_words": _WORDS}
    provider.script = script_of(name, inputs, scale)
    texts = [await _write(client, name, _numbered(name, inputs, n)) for n in range(_TEXTS.get(name, 1))]
    return _row(format, scale, texts)


def _numbered(name: str, inputs: dict[str, Any], number: int) -> dict[str, Any]:
    return {**inputs, "theme": f"lighthouse number {number}"} if name == "story" else inputs


async def _write(client: Client, format: str, inputs: dict[str, Any]) -> _Written:
    told = await _read(client, {"format": format, "input": inputs, "options": {"cache": "off"}})
    assert told.ending is not None
    return _Written(told.sections, dict(told.ending["metadata"]))


async def _read(client: Client, body: dict[str, Any]) -> Told:
    reply = await client.http.post("/api/v1/runs", json=body)
    told = await client.read(str(reply.json()["run_id"]))
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    return told


def _row(format: AnyFormat, scale: float, written: list[_Written]) -> Row:
    """`measured`: the worst section against its target as planned anew, beyond the room that it has; the baseline is
    the same sections as the model's replies alone would have left them."""
    lengths = [length for text in written for length in text.metadata["lengths"]]
    rooms = [(length["words"], room_of(format, length["target_words"])) for length in lengths]
    outside = sum(not room.least <= words <= room.most for words, room in rooms)
    worst = max(abs(length["deviation"]) for length in lengths)
    whole = sum(length["words"] for length in lengths) / sum(length["planned_words"] for length in lengths)
    most = max(len(length["corrections"]) for length in lengths)
    counted = {
        kind: sum(kind in length["corrections"] for length in lengths)
        for kind in ("continued", "landed", "trimmed")
    }
    endings = [text.endswith(RESOLUTION) for one in written for text in one.sections.values()]
    kept = sum(endings) / len(endings)
    is_whole = format.name != "podcast" or abs(whole - 1) <= _WHOLE
    return Row(
        f"{format.name}, {len(lengths)} sections, replies × {scale}",
        f"endings kept {kept:.0%}; worst {worst:.1%}, the whole {whole - 1:+.1%}; {counted['continued']} continued, "
        f"{counted['landed']} landed, {counted['trimmed']} cut, at most {most} a section",
        f"{scale - 1:+.0%}",
        None,
        "endings kept 100 %, every section within its room, at most one correction a section"
        + (", the whole ≤ 3 %" if format.name == "podcast" else ""),
        kept == 1 and not outside and most <= 1 and is_whole,
    )


async def _dangerous(client: Client, provider: FakeProvider) -> Row:
    """A lesson that says what its document forbids, of which nothing is mended: the faces that say so."""
    text = f"NARRATOR: Eat nothing for 8 hours before the test. {' '.join(_DANGERS)}"
    provider.script = Script(rules=(Rule(Reply(text=text), structured=False),))
    body = {
        "format": "education_audio",
        "input": {"document": _DOCUMENT, "speakers": "single", "target_minutes": 1},
        "options": {"keep_length": False},
    }
    told = await _read(client, body)
    assert told.ending is not None
    metadata, run_id = told.ending["metadata"], told.ending["run_id"]
    quoted = {one["sentence"] for one in metadata["grounding"]["unsupported"]}
    faces = {
        "grounding": quoted >= set(_DANGERS),
        "safety": not metadata["safety"]["approved"],
        "compliance": not metadata["compliance"]["passed"],
        "notices": metadata["notices"][0]["level"] == "danger",
    }
    for name in exporters_of(configured(list_formats()["education_audio"])):
        faces[name] = _says(await client.http.get(f"/api/v1/runs/{run_id}/export", params={"as": name}))
    link = (await client.http.post(f"/api/v1/runs/{run_id}/share")).json()["url"]
    faces["shared page"] = _says(await client.http.get(link))
    marked = sum(faces.values())
    missed = ", ".join(sorted(name for name, is_marked in faces.items() if not is_marked))
    return Row(
        "dangerous lesson (a contradiction, a new drug, a wrong dose), no judge",
        f"marked in {marked} of {len(faces)} faces{f', not in {missed}' if missed else ''}",
        "",
        None,
        "marked in every face",
        marked == len(faces),
    )


def _says(reply: Any) -> bool:
    """Whether a file or a page has the warning; its words may stand on lines of their own."""
    said = " ".join(words_in(reply.content).split())
    place = 0
    for word in _WARNING.split():
        place = said.find(word, place)
        if place < 0:
            return False
    return True


if __name__ == "__main__":
    show_one(run, "lengths")
