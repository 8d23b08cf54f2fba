"""Stops whatever runs on a data directory: `python -m forecourt.supervision.stop DIRECTORY [--remove]`.

With `--remove` the database is deleted too, also where it lies outside of the data directory (`make clean`).
"""

import argparse
import sys
from pathlib import Path

from forecourt.supervision.errors import SupervisionError
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from forecourt.supervision.processes import ProcessMark

_SUPERVISOR_GRACE = 60.0  # it stops its children one after the other
_CHILD_GRACE = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="forecourt.supervision.stop", description=__doc__)
    parser.add_argument("directory", type=Path, help="the data directory (FORECOURT_DATA)")
    parser.add_argument("--remove", action="store_true", help="also delete the database")
    arguments = parser.parse_args()
    if not (arguments.directory / "run").is_dir():
        return 0  # nothing has ever run there
    try:
        stop(DataPaths(arguments.directory.resolve()), remove=arguments.remove)
    except SupervisionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def stop(paths: DataPaths, *, remove: bool = False) -> None:
    """Stop the supervisor, what an earlier one left, and last the database, which others write to."""
    left = sorted(paths.run.glob("*.pid"), key=lambda file: (file.stem != "supervisor", file.stem == "broker", file))
    for file in left:
        mark = ProcessMark.read(file)
        if mark is not None and file.stem != Postgres.name:
            if not mark.end(_SUPERVISOR_GRACE if file.stem == "supervisor" else _CHILD_GRACE):
                raise SupervisionError(f"{file.stem} (process {mark.pid}) does not stop.")
            file.unlink(missing_ok=True)
    database = Postgres(paths)
    if remove:
        database.remove()
    else:
        database.stop()


if __name__ == "__main__":
    sys.exit(main())
