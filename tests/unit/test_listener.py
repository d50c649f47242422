"""The socket of `storywire serve`."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from backend.cli.serve import open_listener
from backend.settings import load_settings

_LOOK = "import os, sys; os.fstat(int(sys.argv[1]))"


def test_process_that_the_service_starts_does_not_hold_its_port(tmp_path: Path) -> None:
    with closing(open_listener(load_settings(data_dir=tmp_path, port=0, _env_file=None))) as listener:
        started = subprocess.run(
            [sys.executable, "-c", _LOOK, str(listener.fileno())],
            close_fds=False,  # as uvloop starts processes
            capture_output=True,
            check=False,
        )
    assert b"Bad file descriptor" in started.stderr
