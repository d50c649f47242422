"""References of an input to a stored child or a stored story, and their resolution.

What is looked up: a `child` is `{id, reader, has_consent}`, a `story_session` is `{id, theme, child_id, reader,
has_consent, next_chapter, planned_chapters, writing, chapters}`: `reader` as of now, `has_consent` whether a parent of
the stored child consented, `writing` the run that writes a chapter at this moment or None, and each of `chapters`
`{number, title, summary, hero, bible, length, choices, choice}`, where `choice` is what was chosen at its end.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from workflows.errors import Conflict, InvalidInput
from workflows.formats.story.bible import StoryBible
from workflows.formats.story.clearance import clear_bible, clear_summary
from workflows.formats.story.consent import ConsentRule
from workflows.formats.story.input import SUMMARY, EarlierChapter, StoryInput, StoryReader
from workflows.lookups import Lookups, find_named
from workflows.safety.check import first_refused_field
from workflows.safety.policies.policy_files import load_policy
from workflows.text.sentences import last_sentence_end, split_sentences

_log = logging.getLogger(__name__)
_WHOLE = 6
"""Chapters whose summaries are handed on whole; of older ones the first sentence."""


async def resolve_references(
    inputs: StoryInput, lookups: Lookups, owner: str, consent: ConsentRule
) -> StoryInput:
    """The input with the reader and the earlier chapters.

    Raises NotFound, InvalidInput for what doesn't go together or lacks a consent, Conflict when the story can't go on
    now.
    """
    if inputs.story_session_id is None:
        if inputs.choice_index is not None:
            raise _refused("choice_index", "a choice is of a stored story: give story_session_id too")
        return await _with_child(inputs, lookups, owner, consent)
    session = await find_named(
        lookups, owner, "story_session", inputs.story_session_id, "input.story_session_id"
    )
    _check_against(inputs, session)
    reader = StoryReader.model_validate(session["reader"])
    if session["child_id"] is not None:
        consent.check_child(session, "input.story_session_id")
    else:
        consent.check_given(reader, "input.reader")
        consent.check_given(inputs, "input")
    earlier = await asyncio.to_thread(_earlier, inputs, session["chapters"], reader)  # it searches each text
    return inputs.model_copy(
        update={
            "theme": inputs.theme or session["theme"],
            "child_id": session["child_id"],
            "reader": reader,
            "chapter_number": session["next_chapter"],
            "chapter_count": _count(inputs, session),
            "length": _length(inputs, session["chapters"]),
            "earlier": earlier,
        }
    )


async def _with_child(inputs: StoryInput, lookups: Lookups, owner: str, consent: ConsentRule) -> StoryInput:
    if inputs.child_id is None:
        consent.check_given(inputs, "input")
        return inputs
    if "reader" in inputs.model_fields_set:
        raise _refused("reader", "give either child_id or reader, not both")
    child = await find_named(lookups, owner, "child", inputs.child_id, "input.child_id")
    consent.check_child(child, "input.child_id")
    return inputs.model_copy(update={"reader": StoryReader.model_validate(child["reader"])})


def _check_against(inputs: StoryInput, session: Mapping[str, Any]) -> None:
    if inputs.child_id is not None and inputs.child_id != session["child_id"]:
        raise _refused("child_id", "this story is another reader's; leave it out")
    if "reader" in inputs.model_fields_set:
        raise _refused("reader", "a stored story has its reader; leave it out")
    if inputs.earlier:
        raise _refused("earlier", "a stored story brings its own; leave it out")
    if inputs.choice_index is not None and inputs.custom_user_input:
        raise _refused("choice_index", "give either choice_index or custom_user_input, not both")
    if session["writing"] is not None:
        raise Conflict(f"A chapter of this story is being written (run {session['writing']}).")
    if "chapter_number" in inputs.model_fields_set and inputs.chapter_number != session["next_chapter"]:
        raise Conflict(f"The next chapter of this story is {session['next_chapter']}.")


def _count(inputs: StoryInput, session: Mapping[str, Any]) -> int | None:
    """How many chapters there will be; a story that goes on beyond its plan is open."""
    count = inputs.chapter_count or session.get("planned_chapters")
    return count if count is not None and count >= session["next_chapter"] else None


def _length(inputs: StoryInput, chapters: list[Mapping[str, Any]]) -> str:
    """As asked for, else as the last chapter was."""
    if "length" in inputs.model_fields_set or not chapters:
        return inputs.length
    return chapters[-1].get("length") or inputs.length


def _earlier(
    inputs: StoryInput, chapters: list[Mapping[str, Any]], reader: StoryReader
) -> list[EarlierChapter]:
    earlier = [
        EarlierChapter(
            number=chapter["number"],
            title=chapter["title"],
            summary=_shorten(
                clear_summary(chapter["summary"]),
                is_recent=len(chapters) - place <= _WHOLE,
                language=reader.language,
            ),
            hero=chapter["hero"],
            bible=_bible(chapter.get("bible"), reader) if place == len(chapters) - 1 else None,
            choice=chapter["choice"],
        )
        for place, chapter in enumerate(chapters)
    ]
    if inputs.choice_index is not None:
        choice = _chosen(inputs.choice_index, chapters[-1]["choices"] if chapters else [])
        earlier[-1] = earlier[-1].model_copy(update={"choice": choice})
    return [_without_refused(chapter, reader) for chapter in earlier]


def _bible(stored: Any, reader: StoryReader) -> StoryBible | None:
    """The bible of a chapter, cleared; an older one, or one that can't be read any more, is none."""
    try:
        bible = StoryBible.model_validate(stored) if stored else None
    except ValidationError:
        _log.warning("The bible of a chapter can't be read, so the story goes on without it.")
        return None
    return bible and clear_bible(bible, load_policy("child", reader.age))


def _chosen(index: int, offered: list[Mapping[str, Any]]) -> str:
    if not offered:
        raise _refused("choice_index", "there is nothing to choose from yet; say it in custom_user_input")
    if index >= len(offered):
        ways = ", ".join(f"{place} ({choice['text']})" for place, choice in enumerate(offered))
        raise _refused("choice_index", f"there is {ways}")
    return str(offered[index]["text"])


def _shorten(summary: str, *, is_recent: bool, language: str) -> str:
    if not is_recent:
        summary = next(iter(split_sentences(summary, language)), "").strip()
    if len(summary) <= SUMMARY:
        return summary
    end = last_sentence_end(summary[:SUMMARY], language)
    return summary[:end].strip() if end else f"{summary[: SUMMARY - 1]}…"


def _without_refused(chapter: EarlierChapter, reader: StoryReader) -> EarlierChapter:
    """The chapter without texts that are refused. A model's text may by chance read like an order to a model,
    which must not block a story. Its bible was cleared field by field."""
    policy = load_policy("child", reader.age)
    otherwise = {
        "title": f"Chapter {chapter.number}",
        "summary": "",
        "hero": None,
        "choice": None,
    }
    changes = {
        name: otherwise[name]
        for name, text in chapter.model_dump(include=set(otherwise), exclude_none=True).items()
        if first_refused_field(policy, {name: text}) is not None
    }
    if changes:
        _log.warning(
            "Left out of an earlier chapter, since it isn't fit for a prompt: %s.", ", ".join(changes)
        )
    return chapter.model_copy(update=changes)


def _refused(field: str, message: str) -> InvalidInput:
    return InvalidInput.of(f"input.{field}", message)
