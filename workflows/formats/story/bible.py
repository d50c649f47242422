"""The bible of a story: what its scenes and chapters agree on. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from workflows.formats.toolkit.answer_fields import as_line, as_list, clip
from workflows.text.metrics.coverage import content_stems

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
_NAME = 80
_WORD = re.compile(r"\w+")
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_NAME)]
_LINES = frozenset({"setting", "returning", "last_image"})
_THREADS = frozenset({"threads", "closed"})
_NOTHING = frozenset({"none", "n a", "nothing", "no open threads", "no threads", "אין"})
"""What stands in a list of threads, or of a cast, where there are none."""
_AFTER_NAME = re.compile(r"[,:;–—]|\s-\s|\s(?=\()")
_MOST_LISTED = 40
"""Items of a list; fewer are kept."""
MOST_CAST = 12
_MOST_THREADS = 8
_MOST_CLOSED = 24
_SAME = 0.6
"""Share of the words of a thread by which it is another in other words."""


class CastMember(BaseModel):
    """Character of the story."""

    model_config = ConfigDict(extra="ignore")

    name: _Name = Field(description="A name that nobody else in the story has")
    gender: _Line = Field("", description="Grammatical gender, such as girl or male")
    who: _Line = Field("", description="Who this is, in a few words")
    wants: _Line = Field("", description="What this character wants in the chapter")
    speech: _Line = Field("", description="How this character speaks")


def _distinct(cast: list[CastMember]) -> list[CastMember]:
    """The first of each name: two of one name would be one to a reader."""
    known: dict[str, CastMember] = {}
    for one in cast:
        known.setdefault(_fold(one.name), one)
    return list(known.values())[:MOST_CAST]


def _fold(name: str) -> str:
    """The name however it is spelt: without case, accents, quotation marks and doubled blanks."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(bare)) or name.casefold()


def clean_bible(given: Any) -> Any:
    """A model's bible without what it left empty or wrote too long: a cast member without a name is none. A list where
    a sentence is asked for is one sentence, what stands alone where a list is asked for is a list of it, and what is no
    bible at all is an empty one."""
    if not isinstance(given, dict):
        return {}
    found = {name: _clean(_in_form(name, value)) for name, value in given.items() if value is not None}
    if isinstance(cast := found.get("cast"), list):
        found["cast"] = [
            {**{name: clip(as_line(value)) for name, value in one.items()}, "name": clip(one["name"], _NAME)}
            for one in cast
            if isinstance(one, dict) and isinstance(one.get("name"), str) and one["name"].strip()
        ][:_MOST_LISTED]
    return found


def clean_threads(given: Any) -> list[str]:
    """A model's threads as texts, whether they come as a list, one alone, or with a status and an id beside each. What
    has no text is none."""
    texts = (clip(_thread_of(one)) for one in as_list(given))
    return [text for text in texts if isinstance(text, str) and text.strip() and _fold(text) not in _NOTHING]


def _thread_of(given: Any) -> Any:
    if not isinstance(given, dict):
        return as_line(given)
    texts = [value for value in given.values() if isinstance(value, str) and value.strip()]
    # One word is a state or a kind, where there are whole ones: "open", "mystery".
    return as_line([text for text in texts if " " in text.strip()] or texts)


def _in_form(name: str, value: Any) -> Any:
    if name in _LINES:
        return as_line(value)
    if name in _THREADS:
        return clean_threads(value)
    return _list_cast(value) if name == "cast" else value


def _list_cast(given: Any) -> list[Any]:
    """The members of a cast, whether they come as a list, as one alone, by their names or as plain text."""
    if isinstance(given, dict) and "name" not in given:
        by_name = {name: {"who": one} if isinstance(one, str) else one for name, one in given.items()}
        return [{**one, "name": name} for name, one in by_name.items() if isinstance(one, dict)]
    said = [one for one in as_list(given) if not (isinstance(one, str) and _fold(one) in _NOTHING)]
    return [_member_of(one) if isinstance(one, str) else one for one in said]


def _member_of(text: str) -> dict[str, str]:
    """A member of the cast from "Tom, a gruff sailor"."""
    name, *who = _AFTER_NAME.split(text.strip(), maxsplit=1)
    return {"name": name.strip(), "who": "".join(who).strip()}


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(one) for one in value if one not in (None, "")][:_MOST_LISTED]
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items() if one is not None}
    return clip(value)


def _different(threads: Iterable[str]) -> list[str]:
    """The threads without what was said before, however it is spelt, or in a few words more or less."""
    known: dict[str, tuple[str, frozenset[str]]] = {}
    for thread in threads:
        said, stems = _fold(thread), content_stems(thread)
        if not any(said == other or _says_no_other(stems, others) for other, others in known.values()):
            known[thread] = said, stems
    return [*known]


def _says_no_other(stems: frozenset[str], others: frozenset[str]) -> bool:
    """Whether one of two threads says all that the other does. A word of its own in each may be all the difference:
    the red key, the blue key."""
    less, more = sorted((stems, others), key=len)
    return less <= more and len(less) >= _SAME * len(more)


class StoryBible(BaseModel):
    """Cast, setting, what comes back, the last image of the chapter, the threads that are open and those closed."""

    model_config = ConfigDict(extra="ignore")

    cast: Annotated[list[CastMember], AfterValidator(_distinct)] = Field(
        default_factory=list, max_length=_MOST_LISTED, description="Who is in the story"
    )
    setting: _Line = Field("", description="Where and when it is, in a sentence")
    returning: _Line = Field("", description="One object or joke that comes back")
    last_image: _Line = Field("", description="What the chapter ends with, as a picture")
    threads: Annotated[list[_Line], AfterValidator(lambda threads: _different(threads)[:_MOST_THREADS])] = (
        Field(
            default_factory=list,
            max_length=_MOST_LISTED,
            description="What is still open at the end of the chapter",
        )
    )
    closed: Annotated[list[_Line], AfterValidator(lambda threads: threads[-_MOST_CLOSED:])] = Field(
        default_factory=list,
        max_length=200,
        description="What was open once and has been settled, oldest first",
    )


def carry_over(before: StoryBible | None, planned: StoryBible) -> StoryBible:
    """A new chapter's bible: whoever was there keeps gender and character, and only wants something new. Where there
    are too many, those who were there first and don't come in the chapter go."""
    if before is None:
        return planned
    new = {_fold(one.name): one for one in planned.cast}
    known = {_fold(one.name): one for one in before.cast}
    absent = [name for name in known if name not in new]
    for name in absent[: max(0, len(known | new) - MOST_CAST)]:
        del known[name]
    cast = [_grow(one, new[name]) if name in new else one for name, one in known.items()]
    return StoryBible(
        cast=[*cast, *planned.cast],
        setting=planned.setting or before.setting,
        returning=before.returning or planned.returning,
        last_image=planned.last_image,
        threads=planned.threads,
        closed=before.closed,
    )


def _grow(before: CastMember, planned: CastMember) -> CastMember:
    """Whom the story knows, with what it didn't know yet."""
    kept = {name: value for name, value in before.model_dump().items() if value}
    return CastMember(**{**planned.model_dump(), **kept, "wants": planned.wants or before.wants})


def threads_to_close(before: StoryBible | None, planned: StoryBible, *, is_last: bool) -> list[str]:
    """The threads that a chapter has to close: those from before that its plan doesn't leave open; in the last chapter
    all of them."""
    known = [*(before.threads if before else []), *(planned.threads if is_last else [])]
    left = [] if is_last else planned.threads
    return [thread for thread in _different(known) if not any(_is_same(thread, other) for other in left)]


def settle_threads(
    before: StoryBible | None, planned: StoryBible, still_open: list[str] | None, closed: list[str] | None
) -> StoryBible:
    """The bible at the end of a chapter, with what its text left open and what it closed.

    `still_open` and `closed` are the model's lists. Without the first, the plan's threads stand in; without the second,
    what the chapter before had left open and this one's text doesn't leave open any more.
    """
    threads = planned.threads if still_open is None else still_open
    settled = closed
    if settled is None:
        known = before.threads if before else []
        settled = [thread for thread in known if not any(_is_same(thread, other) for other in threads)]
    kept = [
        thread
        for thread in [*planned.closed, *settled]
        if not any(_is_same(thread, other) for other in threads)
    ]
    return StoryBible.model_validate({**planned.model_dump(), "threads": threads, "closed": _different(kept)})


def _is_same(thread: str, other: str) -> bool:
    words, others = content_stems(thread), content_stems(other)
    shared = len(words & others)
    return thread.casefold() == other.casefold() or (
        shared > 0 and shared >= _SAME * min(len(words), len(others))
    )
