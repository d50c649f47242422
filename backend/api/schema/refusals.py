"""Statuses of the errors that an operation may answer with, for the OpenAPI document.

Most follow from what an operation is. What doesn't stands in the tables here; an extension names its own in `responses`
of its routes.
"""

from backend.api.security.routes_access import ACCOUNT, ADMIN, AUTH, TICKETS, access_to

_RUN, _RUNS = "/api/v1/runs/{run_id}", "/api/v1/runs"
_STARTS = frozenset(
    {
        f"POST {_RUNS}",
        f"POST {_RUN}/versions",
        "GET /api/v1/{path}/generate/stream",
        "POST /api/v1/{path}/generate/stream",
        "POST /api/v1/{path}/chat",
        "POST /api/v1/ag-ui/{path}",
    }
)
# A state that doesn't allow it, or one thing too many.
_CONFLICTS = _STARTS | {
    f"GET {_RUN}/stream",
    f"POST {_RUNS}/quote",
    f"POST {_RUN}/cancel",
    "POST /api/v1/langgraph/threads/{thread_id}/runs/{run_id}/cancel",
    f"POST {_RUN}/resume",
    f"GET {_RUN}/resume-quote",
    f"POST {_RUN}/input",
    f"GET {_RUN}/diff",
    f"GET {_RUN}/export",
    f"POST {_RUN}/share",
    "POST /api/v1/documents",
    f"POST {ACCOUNT}/keys",
    f"PATCH {ADMIN}/accounts/{{account_id}}",
    f"DELETE {ADMIN}/accounts/{{account_id}}",
}
# What a quota or a throttle refuses, also where nobody has logged in.
_LIMITED = _STARTS | {
    f"POST {_RUN}/resume",
    f"POST {_RUN}/input",
    *(f"POST {AUTH}/{name}" for name in ("login", "token", "register", "email/verify")),
    *(f"POST {AUTH}/password/{name}" for name in ("forgot", "reset")),
}
_REFERRING = frozenset({f"POST {_RUNS}", f"POST {_RUNS}/quote", f"POST {TICKETS}"})
"""What a body refers to may not be there."""
_LOG_INS = frozenset(f"POST {AUTH}/{name}" for name in ("login", "token", "token/refresh"))
_OF_MODELS = frozenset({f"POST {_RUNS}"})
"""Whoever waits for a run is told how its model failed."""


def refusals_of(method: str, path: str, *, has_body: bool, has_accounts: bool) -> frozenset[int]:
    """Statuses from 400 on that the operation may answer with."""
    name = f"{method} {path}"
    # Of any: a name that isn't the service's, an address with a NUL, a bug, no connection.
    found = {403, 422, 500, 503}
    wants_credential = has_accounts and not access_to(method, path).is_public
    if wants_credential or name in _LOG_INS:
        found.add(401)
    if wants_credential or name in _LIMITED:  # what is requested as a stream counts as one
        found.add(429)
    if "{" in path or name in _REFERRING or path.startswith((ACCOUNT, ADMIN, AUTH)):
        found.add(404)
    if has_body:
        found.add(413)
    tables = ((_CONFLICTS, 409), (_OF_MODELS, 502))
    return frozenset(found | {status for names, status in tables if name in names})
