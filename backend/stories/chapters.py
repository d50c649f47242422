"""Chapters of a story, from the runs that wrote them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backend.store.runs.runs import RunPart, RunSummary
from backend.store.schema.transitions import COMPLETED, OCCUPYING

RunT = TypeVar("RunT", bound=RunSummary)


@dataclass(frozen=True, slots=True)
class Chapters(Generic[RunT]):
    """The finished chapters of a story, and the run of the next one, if it was started.

    A chapter belongs to the story when its run is complete, so a run that failed leaves no hole.
    """

    done: list[RunT]
    trying: RunT | None

    @property
    def next_number(self) -> int:
        """The number of the chapter to come."""
        return (self.done[-1].part or 0) + 1 if self.done else 1

    @property
    def writing(self) -> RunT | None:
        """The run that is writing a chapter now, or waits for a person."""
        return self.trying if self.trying is not None and self.trying.status in OCCUPYING else None

    @property
    def section_counts(self) -> list[tuple[int, int]]:
        """The number of sections of each chapter: (chapter number, count)."""
        return [(chapter.part or 0, chapter.section_count or 0) for chapter in self.done]


def chapters_of(runs: Sequence[RunT]) -> Chapters[RunT]:
    """The chapters in the runs of one series."""
    done = [run for run in runs if run.status == COMPLETED]
    after = (done[-1].part or 0) if done else 0
    tried = [run for run in runs if run.status != COMPLETED and (run.part or 0) > after]
    return Chapters(done, trying=max(tried, key=lambda run: (run.status in OCCUPYING, run.id), default=None))


def retell(chapters: Chapters[RunPart]) -> list[dict[str, Any]]:
    """Summaries of the earlier chapters for the next one, as the format `story` takes them."""
    return [
        {
            "number": run.part,
            "title": run.title or "",
            "summary": run.results.get("summary", ""),
            "hero": run.results.get("hero"),
            "bible": run.results.get("bible"),
            "length": run.input.get("length"),
            "choices": run.results.get("choices", []),
            "choice": choice_after(chapters, place),
        }
        for place, run in enumerate(chapters.done)
    ]


def choice_after(chapters: Chapters[RunPart], place: int) -> str | None:
    """The reader's choice, or wish, at the end of the chapter at `place`."""
    return choice_before(chapters.done[place + 1]) if place + 1 < len(chapters.done) else None


def choice_before(chapter: RunPart) -> str | None:
    """The reader's choice, or wish, that led to this chapter."""
    earlier = chapter.input.get("earlier") or []
    return (earlier[-1]["choice"] if earlier else None) or chapter.input.get("custom_user_input")
