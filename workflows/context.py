"""Context of a prompt: the text written so far. Pure.

The whole text while it is within a budget of words; beyond it written notes on the sections farther back and the end of
the text verbatim. However long the text grows, a prompt has no more than that, so the tokens of all prompts together
grow with the number of sections, and no faster.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.faults import unfit_sections
from workflows.messages.messages import PlannedSection
from workflows.state import EarlierSection, Outline, SectionTask, State, TextSoFar
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

CONTEXT_WORDS = 4000
"""The budget by default."""
DERIVED_CONTEXT_WORDS = 16_000
"""The budget of what is made of the finished text, once a run."""
NOTE_WORDS = 120
"""Words that the notes on one section may have; a plan's summary stands in where there are none."""
_NOTES_WORDS = 1200
"""Words of all notes in a prompt: those on the first section, then on as many of the last as there is room for."""
_FEWEST, _MOST = 600, 800
"""Words of the end of a text that are shown verbatim."""


def text_before(state: State, index: int, budget: int) -> TextSoFar:
    """What a section is shown of the finished sections before it. Of unsafe ones it has the plan's summary, so that
    nothing goes on from a text that is thrown away."""
    before = [number for number in sorted(state.get("sections", {})) if number < index]
    if not (unfit := unfit_sections(state).intersection(before)):
        return _recount(state, before, budget)
    shown = _recount(state, [number for number in before if number not in unfit], budget)
    planned = {section["index"]: section for section in state["outline"]["sections"]}
    shown["withheld"] = [_by_plan(planned[number], state) for number in sorted(unfit) if number in planned]
    return shown


def whole_text(state: State, budget: int = DERIVED_CONTEXT_WORDS) -> TextSoFar:
    """What is shown of the finished text to a prompt for what follows it."""
    return _recount(state, sorted(state["sections"]), budget)


def text_size(state: State) -> int:
    """Characters of the text so far: the work on it takes time in proportion."""
    return sum(len(section["text"]) for section in state.get("sections", {}).values())


def prompt_values(task: SectionTask) -> dict[str, Any]:
    """What `text_so_far.md` and `notes_wanted.md` are filled in with. A task that an older version handed out has no
    more of the text than the last paragraph."""
    last = task["last_paragraph"]
    return {
        "text_so_far": task.get("text_so_far") or TextSoFar(notes=[], texts=[last] if last else []),
        "last_paragraph": last,
        "wants_notes": task.get("wants_notes", False),
    }


def needs_notes(outline: Outline, index: int, budget: int) -> bool:
    """Whether a later section will see this one by its notes only: those of a short text are never read."""
    planned = sum(section["target_words"] for section in outline["sections"])
    return planned > budget and any(section["index"] > index for section in outline["sections"])


def clip_note(text: str, language: str | None = None) -> str:
    """The notes on a section, cut at the end of a line or a sentence before `NOTE_WORDS`."""
    kept: list[str] = []
    words = 0
    for sentence in split_sentences(text.strip(), language):
        words += count_words(sentence)
        if words > NOTE_WORDS:
            break
        kept.append(sentence)
    return "".join(kept).strip()


def _recount(state: State, indices: Sequence[int], budget: int) -> TextSoFar:
    texts = [state["sections"][index]["text"] for index in indices]
    if _fits(texts, budget):
        return TextSoFar(notes=[], texts=texts)
    shown, is_cut = _end_of(texts, state.get("language"))
    farther = indices[: len(indices) - len(shown) + is_cut]
    return TextSoFar(notes=_notes_on(state, farther), texts=shown)


def _fits(texts: Sequence[str], budget: int) -> bool:
    """Whether all of the text is within the budget; of a longer one no more than that is counted, since every section
    asks."""
    for text in texts:
        budget -= count_words(text)
        if budget < 0:
            return False
    return True


def _end_of(texts: Sequence[str], language: str | None) -> tuple[list[str], bool]:
    """The end of a text, section by section, and whether the first of them is only a part of its section."""
    shown: list[str] = []
    words = 0
    for text in reversed(texts):
        length = count_words(text)
        if words + length > _MOST:
            if words < _FEWEST:
                shown.append(_end_of_one(text, _FEWEST - words, _MOST - words, language))
            return shown[::-1], words < _FEWEST
        shown.append(text)
        words += length
        if words >= _FEWEST:
            break
    return shown[::-1], False


def _end_of_one(text: str, fewest: int, most: int, language: str | None) -> str:
    """The last paragraphs of a section, at least `fewest` words of them; a long one from a sentence on."""
    kept: list[str] = []
    words = 0
    for paragraph in reversed(text.split("\n\n")):
        length = count_words(paragraph)
        if words + length > most:
            if words < fewest and (rest := _sentences_at_end(paragraph, most - words, language)):
                kept.append(rest)
            break
        kept.append(paragraph)
        words += length
    return "\n\n".join(reversed(kept))


def _sentences_at_end(paragraph: str, most: int, language: str | None) -> str:
    kept: list[str] = []
    for sentence in reversed(split_sentences(paragraph, language)):
        most -= count_words(sentence)
        if most < 0:
            break
        kept.append(sentence)
    return "".join(reversed(kept)).strip()


def _notes_on(state: State, indices: Sequence[int]) -> list[EarlierSection]:
    """The notes on the first of the sections, and on as many of the last as there is room for."""
    planned = {section["index"]: section for section in state["outline"]["sections"]}
    written: Mapping[int, str] = state.get("section_notes", {})

    def note(index: int) -> EarlierSection:
        by_plan = _by_plan(planned[index], state)
        return EarlierSection(**{**by_plan, "notes": written.get(index) or by_plan["notes"]})

    known = [index for index in indices if index in planned]
    if not known:
        return []
    first = note(known[0])
    left = _NOTES_WORDS - count_words(first["notes"])
    kept: list[EarlierSection] = []
    for index in reversed(known[1:]):
        one = note(index)
        left -= count_words(one["notes"]) + count_words(one["title"])
        if left < 0:
            break
        kept.append(one)
    return [first, *reversed(kept)]


def _by_plan(planned: PlannedSection, state: State) -> EarlierSection:
    notes = clip_note(planned["summary"], state.get("language"))
    return EarlierSection(index=planned["index"], title=planned["title"], notes=notes)
