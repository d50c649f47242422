"""Replies of every format that end as they were meant to, and the words of whatever file comes of them."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

from tests.fakes.script import Reply, Rule, Script
from tests.podcasts import EPISODE, MARK, pack, pieces_reply, source, talk
from workflows.text.words import count_words

RESOLUTION = "And so the lamp burned again."
SCALES = (0.6, 0.8, 1.0, 1.3, 1.8)
STORY = {
    "theme": "a lighthouse",
    "reader": {"name": "Maya", "age": 12, "reading_level": "advanced"},
}
INPUTS: dict[str, dict[str, Any]] = {
    "story": STORY,
    "podcast": {**EPISODE, "target_words": 4000, "search": "off", "pieces": False},
    **{name: {} for name in ("creator_script", "discovery_report", "education_audio")},
}


def first_section(inputs: dict[str, Any], scale: float) -> str:
    """The facts, then a cold open of the length that comes of `scale`, with the resolution at its end."""
    words = round(inputs["target_words"] * 0.04 * scale)
    facts = json.dumps({"canonical_pack": pack(), "sources": [source(1)]})
    script = talk("open", max(1, words - count_words(RESOLUTION)))
    return f"{MARK}\n{facts}\n=== SCRIPT ===\n{script} {RESOLUTION}"


def script_of(name: str, inputs: dict[str, Any], scale: float) -> Script:
    reply = Reply(scale=scale, last_sentence=RESOLUTION, tokens_per_chunk=5)
    rules = [Rule(reply, structured=False)]
    if name == "podcast":
        rules.insert(0, Rule(Reply(text=first_section(inputs, scale)), contains=MARK))
        rules.insert(0, Rule(Reply(text=pieces_reply(inputs)), contains="Write these pieces"))
    return Script(rules=tuple(rules), default=Reply(tokens_per_chunk=50))


def continued_script(name: str, inputs: dict[str, Any], scale: float, continued: float) -> Script:
    """Sections of the length that comes of `scale`, but continuations of that of `continued`."""
    script = script_of(name, inputs, scale)
    reply = Reply(scale=continued, last_sentence=RESOLUTION, tokens_per_chunk=5)
    rule = Rule(reply, structured=False, pattern="Go on from (there|here)|too short|goes on|go on with")
    return replace(script, rules=(*script.rules[:-1], rule, script.rules[-1]))


def words_in(content: bytes) -> str:
    """The words of a file, whatever it is."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(name).decode(errors="ignore") for name in archive.namelist())
    return content.decode()
