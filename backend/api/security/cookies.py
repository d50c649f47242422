"""The session's cookie."""

from fastapi import Response

from backend.settings import Settings


def cookie_name(settings: Settings) -> str:
    """Over TLS with the prefix that binds it to this very host; a browser takes that one by TLS only."""
    return "__Host-storywire" if settings.is_https else "storywire-session"


def set_cookie(response: Response, settings: Settings, secret: str) -> None:
    """Not for scripts, and never sent for another site's page."""
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=round(settings.session_hours * 3600),
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="strict",
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """The browser forgets it."""
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.is_https, httponly=True, samesite="strict"
    )
