"""`storywire documents`: add, list and delete the documents that lessons are made from."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Column

from backend.cli.failures import fail, quiet_settings
from backend.cli.service_client import JsonOption
from backend.cli.terminal import print_json, say, show_table, write
from backend.store.owner import LOCAL
from workflows.errors import InvalidInput, StorywireError

if TYPE_CHECKING:
    from backend.documents.documents import Documents
    from backend.store.owner import Owner

app = typer.Typer(help="Documents that lessons are made from.", no_args_is_help=True)

_T = TypeVar("_T")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Markdown, plain text, PDF or Word (.docx).")],
    title: Annotated[str | None, typer.Option(help="By default its first heading, or its name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Store a document's text; prints its ID, for `knowledge_id`."""
    from backend.documents.documents import Upload

    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}.", status=2)
    upload = Upload(file.name, data, title=title)
    document = _do(lambda documents, owner: documents.add(owner, upload))
    for warning in document.warnings:
        say(warning["message"], err=True)
    if as_json:
        print_json(_facts(document))
    else:
        write(document.id)


@app.command("list")
def list_documents(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20, as_json: JsonOption = False
) -> None:
    """The newest documents."""
    found = _do(lambda documents, owner: documents.page(owner, before=None, limit=limit))
    if as_json:
        print_json([_facts(document) for document in found])
        return
    show_table(
        (Column("ID", no_wrap=True), "Words", "Language", "Title"),
        ((document.id, str(document.words), document.language or "", document.title) for document in found),
    )


@app.command()
def delete(document_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Delete a document. Texts written from it stay, with what they quote of it."""
    _do(lambda documents, owner: documents.delete(owner, document_id))


def _facts(document: Any) -> dict[str, Any]:
    """What is known of a document, without its owner and its text."""
    return {name: value for name, value in asdict(document).items() if name not in ("owner", "text")}


def _do(work: "Callable[[Documents, Owner], Awaitable[_T]]") -> _T:
    settings = quiet_settings()

    async def run() -> _T:
        # The modules that execute runs take seconds to import: each command does so once it needs them.
        from backend.resources import open_resources

        async with open_resources(settings) as resources:
            return await work(resources.documents, LOCAL)

    try:
        return asyncio.run(run())
    except InvalidInput as error:
        fail("\n".join(f"{item.field}: {item.message}" for item in error.errors), status=2)
    except StorywireError as error:
        fail(error.message)
