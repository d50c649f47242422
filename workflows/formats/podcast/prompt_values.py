"""Values that a podcast's prompts are filled in with. Pure."""

import json
from typing import Any

from workflows.context import prompt_values
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.plan import COLD_OPEN, RUMOR_WATCH, TITLES, WRAP, beats_for_section
from workflows.formats.podcast.spoken import language_name
from workflows.formats.speech.turns import parse_turns
from workflows.formats.toolkit.recap import neighbours, whole_plan
from workflows.prompts import marked
from workflows.state import Facts, SectionTask


def last_speaker(inputs: PodcastInput, text: str) -> str | None:
    """The host who has the last turn of a text."""
    turns = parse_turns(text, [host.name for host in inputs.hosts])
    return turns[-1].speaker if turns else None


def shared_values(inputs: PodcastInput) -> dict[str, Any]:
    """Values of every prompt."""
    return {"input": inputs, "language": language_name(inputs.language)}


def section_values(inputs: PodcastInput, task: SectionTask) -> dict[str, Any]:
    """Values of the prompts of a section."""
    outline, index = task["outline"], task["index"]
    section, pack = outline["sections"][index], (task["facts"] or {"canonical_pack": {}})["canonical_pack"]
    title = section["title"]
    beats = pack.get("beats_outline", [])
    return {
        **shared_values(inputs),
        "pack": pack_text(task["facts"]),
        "sections": whole_plan(outline) or neighbours(outline, index),
        "section": section,
        # Our own titles are no words of a stranger.
        "called": f'"{title}"' if title in TITLES else marked(title, "title"),
        "beats": [beats[number] for number in beats_for_section(section, outline, len(beats))],
        "rumor_watch": RUMOR_WATCH,
        "has_rumor_watch": any(one["title"] == RUMOR_WATCH for one in outline["sections"]),
        "rumors": _json(pack["rumors"]) if pack.get("rumors") else "",
        **_order(inputs, task),
        "adds_no_facts": title in (COLD_OPEN, WRAP),
        **prompt_values(task),
        "ask_words": task["ask_words"],
    }


def _order(inputs: PodcastInput, task: SectionTask) -> dict[str, str]:
    """Who had the last turn before the section, and who begins it; empty where that isn't known."""
    ended = last_speaker(inputs, task["last_paragraph"]) if task["last_paragraph"] else None
    others = [host.name for host in inputs.hosts if host.name != ended]
    return {"ended": ended or "", "begins": others[0] if ended and others else ""}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def pack_text(facts: Facts | None) -> str:
    """The fact pack as prompts show it."""
    return _json(facts["canonical_pack"]) if facts else "{}"
