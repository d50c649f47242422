"""Choices of how a story continues, each of which starts the run of the next chapter."""

from dataclasses import dataclass, field

from backend.runs.commands import RunCommands
from backend.runs.queries import RunQueries
from backend.runs.requests import RunRequest
from backend.store.owner import Owner
from backend.store.runs.runs import Run, RunPart, RunRepository
from backend.store.schema.run_values import RunOptions
from backend.stories.sessions import Sessions, Story
from backend.stories.store.sessions import SessionRepository
from workflows.errors import Conflict, FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """The reader's choice of how a story continues: one of those offered, or a wish.

    `chapter_number`, of the chapter to be written, tells a late choice from one that is in time.
    """

    choice_index: int | None = None
    custom_user_input: str | None = None
    chapter_number: int | None = None
    options: RunOptions = field(default_factory=RunOptions)
    idempotency_key: str | None = None

    def is_of(self, run: Run | RunPart) -> bool:
        """Whether the run was started by this very choice."""
        given = run.input
        return (
            given.get("choice_index") == self.choice_index
            and given.get("custom_user_input") == self.custom_user_input
            and self.chapter_number in (None, run.part)
        )


class Choices:
    """Use case of choices. Stories of another `owner` are not found."""

    def __init__(
        self,
        stories: Sessions,
        sessions: SessionRepository,
        run_repository: RunRepository,
        runs: RunCommands,
        queries: RunQueries,
        format: str,
    ) -> None:
        """`format`: the name of the one that chapters are of."""
        self._stories = stories
        self._sessions = sessions
        self._run_repository = run_repository
        self._runs = runs
        self._queries = queries
        self._format = format

    async def choose(self, owner: Owner, session_id: str, choice: ChoiceRequest) -> tuple[Run, bool]:
        """The run of the next chapter, and whether it is new. Idempotent: the same choice again starts nothing.

        Raises NotFound, InvalidInput (there is no such choice), Conflict (a chapter is being written, the
        story has gone on since, there is no chapter yet), and what starting a run raises.
        """
        if (choice.choice_index is None) == (choice.custom_user_input is None):
            raise InvalidInput.of("choice_index", "give either choice_index or custom_user_input")
        story = await self._stories.find(owner, session_id)
        if (known := await self._known(owner, story, choice)) is not None:
            return known, False
        if not story.chapters.done:
            raise Conflict("This story has no chapter yet, so there is nothing to choose.")
        number = story.chapters.next_number
        inputs = {
            "theme": story.session.theme,
            "story_session_id": session_id,
            "chapter_number": choice.chapter_number or number,
            "choice_index": choice.choice_index,
            "custom_user_input": choice.custom_user_input,
        }
        zone = choice.options.timezone or story.session.timezone
        options = choice.options.model_copy(update={"timezone": zone})
        try:
            run, is_new = await self._runs.start(
                owner, RunRequest(self._format, inputs, options, choice.idempotency_key)
            )
        except Conflict:
            # The same choice came in twice at the same moment, and the other was quicker.
            if (
                known := await self._known(owner, await self._stories.find(owner, session_id), choice)
            ) is None:
                raise
            return known, False
        except InvalidInput as error:
            raise _at_root(error) from None
        if is_new:
            await self._sessions.turn_to(owner, session_id, number)
        return run, is_new

    async def _known(self, owner: Owner, story: Story[RunPart], choice: ChoiceRequest) -> Run | None:
        """The run that this choice has started already."""
        if choice.idempotency_key is not None:
            run = await self._run_repository.find_by_key(owner, choice.idempotency_key)
            if run is not None and not (run.series == story.session.id and choice.is_of(run)):
                raise Conflict("This Idempotency-Key was used with another request.")
            if run is not None:
                return run
        writing = story.chapters.writing
        if writing is None or not choice.is_of(writing):
            return None
        return await self._queries.find(owner, writing.id)


def _at_root(error: InvalidInput) -> InvalidInput:
    """The error with the field names of the caller's body, which has no `input`."""
    errors = tuple(FieldError(item.field.removeprefix("input."), item.message) for item in error.errors)
    return InvalidInput.of_fields(errors)
