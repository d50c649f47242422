"""`storywire record`: as `storywire generate`, with a cassette of the model calls for `replay:FILE`."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli.failures import fail
from backend.cli.runs import generate

Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="The cassette; must not be there yet.")
]


def make_app() -> typer.Typer:
    """The command group, with the command for any format; extensions add theirs."""
    app = typer.Typer(
        help="Write something, and keep what the model said: replay:FILE plays it back without a key.",
        no_args_is_help=True,
    )
    app.callback()(record)
    app.command("file")(recording(generate.from_file))
    return app


def record() -> None:
    """Write something, and record the model calls."""


def recording(command: Callable[..., None]) -> Callable[..., None]:
    """The command of `generate` with `--output`; it always executes locally, where model calls can be recorded."""

    @wraps(command)
    def run(*, output: Path, **given: Any) -> None:
        if output.exists():
            fail(f"{output} is there already. Name another file, or remove it.", status=2)
        if not output.absolute().parent.is_dir():
            fail(f"There is no folder {output.absolute().parent}.", status=2)
        command(**given, server=generate.RecordTo(output.absolute()))

    signature = inspect.signature(command)
    kept = [parameter for name, parameter in signature.parameters.items() if name != "server"]
    wanted = inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, annotation=Output)
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in kept), wanted]
    )
    run.__annotations__ = {**command.__annotations__, "output": Output}
    return run
