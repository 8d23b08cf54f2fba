"""What these tests may do on the machine on which they run."""

import subprocess
import sys

from forecourt.supervision.turns import Turn


def niceness_of_first() -> int:
    """Give the niceness of who goes first: 0 where that is not allowed."""
    asked = [sys.executable, "-c", f"import os; os.nice({int(Turn.FIRST)})"]
    return Turn.FIRST if subprocess.run(asked, capture_output=True, check=False).returncode == 0 else 0
