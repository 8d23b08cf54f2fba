"""The command line: `forecourt …`, also `python -m forecourt …`.

Exit codes: 0 done, 1 a check or run failed, 2 wrong usage. An expected error is one sentence on standard error;
`--debug` anywhere on the line shows the traceback instead.
"""

import sys
from types import ModuleType

import typer

from forecourt.commands import COMMANDS, build
from forecourt.supervision.errors import SupervisionError
from foundation.refusals import Refusal


def main() -> None:
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    asked = arguments[0] if arguments else ""
    app = build([asked] if asked in COMMANDS else COMMANDS)
    if len(arguments) < len(sys.argv) - 1:
        app(arguments)
        return
    try:
        app(arguments)
    except expected() as error:
        typer.echo(sentence(error), err=True)
        sys.exit(1)


def expected() -> tuple[type[Exception], ...]:
    """Give the errors that are no faults; a database's only where one was read, for the car end has none."""
    databases = (_loaded("psycopg"), _loaded("sqlalchemy.exc"))
    away = (library.OperationalError for library in databases if library is not None)
    return (Refusal, SupervisionError, OSError, *away)


def _loaded(name: str) -> ModuleType | None:
    return sys.modules.get(name)


def sentence(error: Exception) -> str:
    """Give an expected error as one line for people."""
    if isinstance(error, Refusal):
        return error.detail
    behind = getattr(error, "orig", None)  # what the driver said, behind SQLAlchemy's own words
    error = behind if isinstance(behind, Exception) else error
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
