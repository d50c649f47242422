"""Episodes for tests: the input, and what the fake provider answers to each of an episode's calls."""

import json
from typing import Any

from tests.fakes.prose import write_prose
from tests.fakes.script import Reply, Rule, Script
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.plan import plan_pieces, plan_sections

MARK = "=== FACTS ==="
PIECES = "Write these pieces"

EPISODE: dict[str, Any] = {
    "topic": {
        "id": "night-trains",
        "title": "Why night trains are back",
        "description": "New sleeper lines across Europe.",
        "rumors_allowed": True,
    },
    "hosts": [{"name": "Ada", "bio": "asks"}, {"name": "Ben", "bio": "explains"}],
    "target_words": 2000,
}
SECTIONS = 10
CALLS = 11
"""What an episode with rumors buys: ten sections and the pieces. The judge of the text is not among them."""


def pack(**others: Any) -> dict[str, Any]:
    """A canonical pack of more than a thousand words."""
    beats = [{"title": f"Beat {n}", "summary": write_prose(f"beat {n}", 30)} for n in range(1, 13)]
    return {
        "timeline": [
            {"date": f"2026-03-{n:02}", "event": write_prose(f"event {n}", 20)} for n in range(1, 9)
        ],
        "key_facts": [write_prose(f"fact {n}", 20) for n in range(12)],
        "key_players": [{"name": f"Player {n}", "role": write_prose(f"player {n}", 12)} for n in range(5)],
        "claims_evidence": [
            {"claim": write_prose(f"claim {n}", 15), "evidence": write_prose(f"evidence {n}", 20)}
            for n in range(4)
        ],
        "beats_outline": beats,
        "punchlines": [write_prose(f"line {n}", 9) for n in range(5)],
        "historical_context": write_prose("history", 120),
        **others,
    }


def source(number: int) -> dict[str, str]:
    """A source as a model writes it."""
    return {
        "title": f"Article {number}",
        "publisher": f"Paper {number}",
        "date": "2026-03-01",
        "url": f"https://paper{number}.example.org/article",
    }


def talk(seed: str, words: int) -> str:
    """A dialogue of exactly so many words, names included."""
    turns: list[str] = []
    left, turn = words, 0
    while left > 0:
        length = min(40, left)
        turns.append(f"{('Ada', 'Ben')[turn % 2]}: {write_prose(f'{seed} {turn}', length - 1)}")
        left, turn = left - length, turn + 1
    return "\n".join(turns)


def first_reply(inputs: dict[str, Any] = EPISODE, scale: float = 1.0, **facts: Any) -> str:
    """The first section and its facts."""
    words = plan_sections(PodcastInput.model_validate(inputs))[0]["target_words"]
    answer = {"canonical_pack": pack(), "sources": [source(n) for n in range(1, 9)], **facts}
    return f"{talk('open', round(words * scale))}\n\n{MARK}\n```json\n{json.dumps(answer)}\n```"


def pieces_reply(inputs: dict[str, Any] = EPISODE, without: str = "") -> str:
    """Every piece after its mark."""
    planned = plan_pieces(PodcastInput.model_validate(inputs))
    return "\n".join(
        f"=== {piece['name']} ===\n{talk(piece['name'], piece['target_words'])}"
        for piece in planned
        if piece["name"] != without
    )


def script(*rules: Rule, inputs: dict[str, Any] = EPISODE, scale: float = 1.0) -> Script:
    """An episode whose sections come out `scale` times as long as they were asked for."""
    return Script(
        rules=(
            *rules,
            Rule(Reply(text=first_reply(inputs, scale)), contains=MARK),
            Rule(Reply(text=pieces_reply(inputs)), contains=PIECES),
            Rule(Reply(scale=scale), structured=False),
        ),
        default=Reply(tokens_per_chunk=5),
    )
