"""Question to the processes of a worker: are they ready? Asked every half minute, so it loads next to nothing."""

import http.client
import json

_CHECK_SECONDS = 5.0


def find_unready(host: str, ports: range) -> list[str]:
    """The processes behind these ports that aren't ready, each with the reason."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return [f"{name}:{port}: {reason}" for port in ports if (reason := _ask(name, port)) is not None]


def _ask(host: str, port: int) -> str | None:
    connection = http.client.HTTPConnection(host, port, timeout=_CHECK_SECONDS)
    try:
        connection.request("GET", "/readyz")
        reply = connection.getresponse()
        body = reply.read()
        return None if reply.status == 200 else str(json.loads(body)["status"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"no answer ({error})"
    finally:
        connection.close()
