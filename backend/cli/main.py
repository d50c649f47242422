"""The root command `storywire`, with the commands of the service and of extensions."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from backend.cli import documents, evaluate, migrate, serve, usage, users
from backend.cli.doctor import doctor
from backend.cli.failures import fail
from backend.cli.runs import generate, record, runs
from backend.cli.service_client import KeyOption
from backend.cli.terminal import write
from backend.cli.worker import worker
from backend.extensions.base import CommandLine, HasCommands
from backend.plugins import list_extensions
from backend.settings import SettingsError
from backend.version import VERSION


class _Commands(TyperGroup):
    """The commands; settings that prove wrong while one executes are reported as a sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Invokes the named command."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            fail(str(error), status=2)


def make_app() -> typer.Typer:
    """The command line, with the commands of every installed extension."""
    app = typer.Typer(
        name="storywire",
        cls=_Commands,
        help="Long text from language models, streamed so that nothing breaks.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    line = CommandLine(app, generate.make_app(), record.make_app())
    app.callback()(main)
    app.command("serve")(serve.serve)
    app.command("worker")(worker.worker)
    app.command("migrate")(migrate.migrate)
    app.command("usage")(usage.usage)
    app.command("evaluate")(evaluate.evaluate)
    app.command("doctor")(doctor.doctor)
    app.add_typer(line.generate, name="generate")
    app.add_typer(line.record, name="record")
    app.add_typer(runs.app, name="runs")
    for extension in list_extensions().values():
        if isinstance(extension, HasCommands):
            extension.add_commands(line)
    app.add_typer(documents.app, name="documents")
    app.add_typer(users.app, name="users")
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        write(f"storywire {VERSION}")
        raise typer.Exit


def main(
    context: typer.Context,
    key: KeyOption = None,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Long text from language models, streamed so that nothing breaks."""
    del version
    context.obj = key  # for whatever asks a service


app = make_app()

if __name__ == "__main__":
    app()
