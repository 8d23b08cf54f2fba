"""A child process of `serve`: `python -m forecourt.processes ROLE [PORT or WORKER]`."""

import sys

from forecourt import logs
from forecourt.installation import Installation
from forecourt.processes import Process, run
from forecourt.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    logs.configure(settings.log_level)
    logs.guard()
    run(Process(sys.argv[1]), Installation(settings), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
