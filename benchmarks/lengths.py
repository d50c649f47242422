"""How near the sections come to their targets, and whether their endings stay, when replies run short or long."""

import tempfile
from pathlib import Path
from typing import Any

from backend.logs import configure_logs
from benchmarks.report import Row, Rows, show_one
from tests.fakes.provider import FakeProvider
from tests.fakes.script import Reply, Rule, Script
from tests.podcasts import EPISODE, script
from tests.service import STORY, Client, serve, settings_for

_SCALES = (0.6, 1.0, 1.8)
_WORDS = 10_000
_STORIES = 6
_TARGETS = {"podcast": 0.10, "story": 0.25}
_WHOLE = 0.03
"""How far an episode may be from its target."""


async def run() -> Rows:
    """Episodes of ten thousand words and stories for older children, over HTTP."""
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        provider = FakeProvider()
        settings = settings_for(provider, Path(folder), judge="off")
        configure_logs(settings)
        async with provider, serve(settings) as service:
            for scale in _SCALES:
                given = {**EPISODE, "target_words": _WORDS, "search": "off", "pieces": False}
                provider.script = script(inputs=given, scale=scale)
                rows.append(_row("podcast", scale, [await _write(service.client, "podcast", given)]))
            for scale in _SCALES:
                provider.script = Script(rules=(Rule(Reply(scale=scale), structured=False),))
                written = [
                    await _write(service.client, "story", _story(number)) for number in range(_STORIES)
                ]
                rows.append(_row("story", scale, written))
    return rows


def _story(number: int) -> dict[str, Any]:
    reader = {"name": "Maya", "age": 12, "reading_level": "advanced"}
    return {**STORY, "theme": f"lighthouse number {number}", "reader": reader}


async def _write(client: Client, format: str, inputs: dict[str, Any]) -> dict[str, Any]:
    reply = await client.http.post("/api/v1/runs", json={"format": format, "input": inputs})
    told = await client.read(str(reply.json()["run_id"]))
    assert told.ending is not None and told.ending["type"] == "complete", told.ending
    return dict(told.ending["metadata"])


def _row(format: str, scale: float, written: list[dict[str, Any]]) -> Row:
    """`measured`: the worst section against its target as planned anew, and against the plan; the baseline is
    the same sections as the model's replies alone would have left them."""
    lengths = [length for metadata in written for length in metadata["lengths"]]
    worst = max(abs(length["deviation"]) for length in lengths)
    plan = max(abs(length["words"] / length["planned_words"] - 1) for length in lengths)
    whole = sum(length["words"] for length in lengths) / sum(length["planned_words"] for length in lengths)
    most = max(len(length["corrections"]) for length in lengths)
    landed = sum("landed" in length["corrections"] for length in lengths)
    continued = sum("continued" in length["corrections"] for length in lengths)
    cut = sum("trimmed" in length["corrections"] for length in lengths)
    target = _TARGETS[format]
    return Row(
        f"{format}, {len(lengths)} sections, replies × {scale}",
        f"worst {worst:.1%}, against the plan {plan:.1%}, the whole {whole - 1:+.1%}; "
        f"{continued} continued, {landed} landed, {cut} cut, at most {most} a section",
        f"{scale - 1:+.0%}",
        worst / target,
        f"≤ {target:.0%}, one correction, none cut",
        worst <= target and most <= 1 and not cut and (format != "podcast" or abs(whole - 1) <= _WHOLE),
    )


if __name__ == "__main__":
    show_one(run, "lengths")
