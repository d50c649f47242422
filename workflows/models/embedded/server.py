"""The child process that runs the embedded model: `python -m workflows.models.embedded.server`.

Stdin brings one JSON line `{"path", "name", "api_key"}` and then stays open for as long as the parent lives;
stdout returns one JSON line, `{"base_url"}` or `{"error"}`. Between the two lies an OpenAI-compatible
HTTP server on a free port of 127.0.0.1. It is a process and not a thread because the library
holds the GIL while it loads, has no way to close, and hangs when a server with an open stream is deleted.
"""

import json
import os
import signal
import sys
from typing import Any

# Two replies are written at once, each with 2,048 tokens of room; further callers wait in line.
# One thread, because a second one slows down by 30 times beside a busy process.
SLOTS = 2
CONTEXT_TOKENS = 4096
THREADS = 1
MAX_REPLY_TOKENS = 512


def main() -> None:
    """Serves until stdin closes; always leaves through `os._exit`."""
    # The child's life hangs on the pipe alone, so that Ctrl-C or a SIGTERM to the whole group
    # doesn't take the model from a parent that is still finishing its runs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    report_to = _reserve_stdout()
    order = json.loads(sys.stdin.readline())
    try:
        server = _start_server(**order)
    except ImportError as error:
        _end(report_to, _explain_import(error))
    except Exception as error:  # whatever the native library throws
        _end(report_to, f"The embedded model can't load {order['path']}: {error}")
    _report(report_to, {"base_url": f"{server.listening_address}/v1"})
    sys.stdin.buffer.read()  # returns when the parent closes the pipe, or is gone
    os._exit(0)


def _reserve_stdout() -> int:
    """A descriptor for the report alone: output of native code goes to the log on stderr."""
    report_to = os.dup(1)
    os.dup2(2, 1)
    return report_to


def _start_server(path: str, name: str, api_key: str) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [api_key]
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT_TOKENS
    params.cpuparams.n_threads = THREADS
    params.cpuparams_batch.n_threads = THREADS
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_ram_mib = 0  # the library's default is 8 GiB
    params.n_predict = MAX_REPLY_TOKENS
    params.cors_origins = ""  # the library's default is "*"
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 2  # warnings: more would write lines at every request, into a log that nobody trims
    return xllamacpp.Server(params)


def _explain_import(error: ImportError) -> str:
    return (
        f"The embedded model can't run: xllamacpp did not load ({error}). "
        "On Linux it needs the system library libgomp1 (apt-get install libgomp1) and glibc, "
        "so it doesn't run on Alpine."
    )


def _end(report_to: int, message: str) -> None:
    _report(report_to, {"error": message})
    os._exit(1)


def _report(report_to: int, report: dict[str, str]) -> None:
    try:
        os.write(report_to, json.dumps(report).encode() + b"\n")
        os.close(report_to)
    except OSError:  # the parent is gone
        os._exit(1)


if __name__ == "__main__":
    main()
