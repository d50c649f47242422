"""The naive service: the bare loop behind FastAPI and SSE. Nothing is kept, so nothing can be resumed.

The process (`python -m benchmarks.naive URL PORT`) answers `GET /stream?theme=…` with the tokens of the graph's model
calls as they come.
"""

import gc
import sys
from collections.abc import AsyncIterator

import orjson
import uvicorn
from fastapi import FastAPI, Response
from sse_starlette import EventSourceResponse

from benchmarks.bare import open_graph, read_tokens


def create_app(provider_url: str) -> FastAPI:
    """The service, writing with the provider at this address."""
    app = FastAPI()
    graph = open_graph(provider_url, "off")

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/stream")
    async def stream(theme: str) -> Response:
        return EventSourceResponse(_frames(theme), sep="\n")

    async def _frames(theme: str) -> AsyncIterator[bytes]:
        seq = 1
        yield b'id: r:1\ndata: {"type":"started","data":{}}\n\n'
        async for section, text in read_tokens(graph, theme):
            seq += 1
            message = {"type": "content", "data": {"section": section, "chunk": text, "is_complete": False}}
            yield b"id: r:%d\ndata: %b\n\n" % (seq, orjson.dumps(message))

    return app


if __name__ == "__main__":
    service = create_app(sys.argv[1])
    gc.collect()
    gc.freeze()
    uvicorn.run(service, port=int(sys.argv[2]), log_level="error", loop="uvloop")
