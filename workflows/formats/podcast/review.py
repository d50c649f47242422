"""Review of an episode by figures: turns, numbers, repetition. Pure."""

import json
from collections.abc import Mapping, Sequence

from workflows.formats.measured_review import review_numbers, review_repetition, review_turns
from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.spoken import language_tag
from workflows.formats.speech.turns import parse_turns
from workflows.state import Facts, ReviewFinding


def review_episode(
    inputs: PodcastInput, texts: Mapping[int, str], facts: Facts | None
) -> list[ReviewFinding]:
    """What is wrong with sections. Without `facts` their numbers aren't looked up."""
    hosts = [host.name for host in inputs.hosts]
    turns = {index: parse_turns(text, hosts) for index, text in texts.items()}
    found = [*review_turns(turns), *review_repetition(texts)]
    if facts:
        found += review_numbers(texts, _known(inputs, facts), language_tag(inputs.language))
    return found


def review_newest(
    inputs: PodcastInput, before: Sequence[str], text: str, facts: Facts | None
) -> list[ReviewFinding]:
    """What is wrong with `text`, the section after those `before` it. The findings are of its place among these."""
    texts = dict(enumerate([*before, text]))
    found = review_episode(inputs, texts, facts)
    return [one for one in found if one.get("section") == len(before)]


def _known(inputs: PodcastInput, facts: Facts) -> str:
    """All that numbers may come from: the pack, its sources, and what the run was given."""
    topic = inputs.topic
    given = (
        topic.title,
        topic.description,
        inputs.reference_text or "",
        *(host.bio for host in inputs.hosts),
    )
    return "\n".join([json.dumps(facts, ensure_ascii=False), *given])
