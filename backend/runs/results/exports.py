"""Finished runs in the form that exporters take."""

from collections.abc import Mapping
from dataclasses import replace

from backend.store.runs.runs import Run
from workflows.errors import Conflict, InvalidInput
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import exporters_of, language_of
from workflows.formats.exports import Exporter, Finished


def find_exporter(format: AnyFormat, name: str) -> Exporter:
    """The exporter of that name. Raises InvalidInput that lists the exporters."""
    exporters = exporters_of(format)
    if name not in exporters:
        message = f"a text of the format {format.name} can be had as {', '.join(sorted(exporters))}"
        raise InvalidInput.of("as", message)
    return exporters[name]


def with_wordings(whole: Finished, wordings: Mapping[int, str]) -> Finished:
    """The same with a person's own texts of sections, by their index. Raises InvalidInput for one that there isn't."""
    for index in wordings:
        if index >= len(whole.sections):
            raise InvalidInput.of("sections", f"the run has the sections 0 to {len(whole.sections) - 1}")
    sections = [(title, wordings.get(index, text)) for index, (title, text) in enumerate(whole.sections)]
    return replace(whole, sections=sections)


def finished(format: AnyFormat, run: Run) -> Finished:
    """The finished run. Raises Conflict while its text isn't complete."""
    if run.result is None:
        raise Conflict(f"The run is {run.status}: only a completed run can be exported.")
    result = run.result
    return Finished(
        run_id=run.id,
        format=run.format,
        title=run.title or result.title,
        language=language_of(format, format.parse(run.input)),
        input=run.input,
        sections=[(section.title, section.text) for section in result.sections],
        pieces=[(piece.title, piece.text) for piece in result.pieces],
        results=dict(result.model_extra or {}),
        metadata=result.metadata,
    )
