"""How the prompts of a run grow with its sections: later sections aren't sent the text again."""

import tempfile
from pathlib import Path
from typing import Any

from backend.logs import configure_logs
from benchmarks.report import Row, Rows, show_one
from tests.fakes.prose import write_prose
from tests.fakes.provider import FakeProvider
from tests.service import STORY, Client, serve, settings_for
from workflows.text.words import count_words

_SECTIONS = (10, 20, 40)
_WORDS = 260
_GROWTH = 1.2  # a section's prompt tells of eight sections to either side at most, so it grows until then


async def run() -> Rows:
    """Stories whose plan a person edited to have so many sections; the provider's own count of prompt tokens."""
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        provider = FakeProvider()
        settings = settings_for(provider, Path(folder))
        configure_logs(settings)
        async with provider, serve(settings) as service:
            first = 0.0
            for sections in _SECTIONS:
                before = len(provider.generations)
                await _write(service.client, sections)
                calls = [call for call in provider.generations[before:] if _is_section(call.body)]
                assert len(calls) == sections, "the provider's replies are of the right length"
                words = sum(count_words(call.prompt_text) for call in calls)
                # What it would be if each section were sent all that stands before it.
                again = words + _WORDS * sections * (sections - 1) // 2
                a_section = words / sections
                first = first or a_section
                rows.append(
                    Row(
                        f"{sections} sections of {_WORDS} words",
                        f"{words:,} words of prompts, {a_section:.0f} a section",
                        f"{again:,} with the text sent again",
                        a_section / first,
                        f"≤ {_GROWTH}",
                        a_section <= _GROWTH * first,
                    )
                )
    return rows


def _is_section(body: dict[str, Any]) -> bool:
    return "response_format" not in body and "tools" not in body


async def _write(client: Client, sections: int) -> None:
    reader = {"name": "Maya", "age": 12, "reading_level": "advanced"}
    inputs = {**STORY, "reader": reader}
    run_id = await client.start(input=inputs, review_outline=True)
    async for frame in client.frames(run_id):
        if frame.message.type == "input_required":
            plan = [
                {
                    "index": index,
                    "title": write_prose(f"title {index}", 5).rstrip("."),
                    "summary": write_prose(f"summary {index}", 25),
                    "target_words": _WORDS,
                }
                for index in range(sections)
            ]
            answer = {"outline": {"title": "A long story", "sections": plan}}
            (await client.http.post(f"/api/v1/runs/{run_id}/input", json=answer)).raise_for_status()
        if frame.message.type in ("complete", "error"):
            assert frame.message.type == "complete", frame.message


if __name__ == "__main__":
    show_one(run, "input_tokens")
