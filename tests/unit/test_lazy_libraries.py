"""Libraries that only a service with accounts needs."""

import subprocess
import sys

SCRIPT = """
import sys
from backend.app import create_app
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"joserfc", "nacl", "pwdlib", "smtplib"}))
"""


def test_service_without_accounts_loads_none_of_the_libraries_of_accounts() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
