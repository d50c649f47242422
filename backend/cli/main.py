"""`storywire serve | generate | record | runs | children | sessions | documents | usage | doctor`: what there is."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from backend.cli import children, doctor, documents, generate, podcast, record, runs, serve, sessions, usage
from backend.cli.failures import fail
from backend.settings import SettingsError
from backend.version import VERSION


class _Commands(TyperGroup):
    """All commands: one whose settings turn out to be wrong when it works with them ends with a sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was named."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            fail(str(error), status=2)


app = typer.Typer(
    name="storywire",
    cls=_Commands,
    help="Long text from language models, streamed so that nothing breaks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("usage")(usage.usage)
app.command("doctor")(doctor.doctor)
generate.app.command("podcast")(podcast.podcast)
app.add_typer(generate.app, name="generate")
app.add_typer(record.app, name="record")
app.add_typer(runs.app, name="runs")
app.add_typer(children.app, name="children")
app.add_typer(sessions.app, name="sessions")
app.add_typer(documents.app, name="documents")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"storywire {VERSION}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Long text from language models, streamed so that nothing breaks."""
    del version


if __name__ == "__main__":
    app()
