"""`storywire`: serve, generate, and look at runs."""

import typer
import uvicorn

app = typer.Typer()


@app.command()
def serve() -> None:
    from backend.app import create_app
    from backend.logs import configure_logs
    from backend.settings import load_settings

    settings = load_settings()
    configure_logs(settings)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_config=None)


@app.command()
def version() -> None: ...
