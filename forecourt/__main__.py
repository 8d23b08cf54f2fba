"""The command line: `forecourt …`, also `python -m forecourt …`.

Exit codes: 0 done, 1 a check or run failed, 2 wrong usage. An expected error is one sentence on standard error;
`--debug` anywhere on the line shows the traceback instead.
"""

import sys

import psycopg
import sqlalchemy.exc
import typer

from forecourt.commands import COMMANDS, build
from forecourt.supervision.errors import SupervisionError
from foundation.refusals import Refusal

EXPECTED = (Refusal, SupervisionError, OSError, psycopg.OperationalError, sqlalchemy.exc.OperationalError)


def main() -> None:
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    asked = arguments[0] if arguments else ""
    app = build([asked] if asked in COMMANDS else COMMANDS)
    if len(arguments) < len(sys.argv) - 1:
        app(arguments)
        return
    try:
        app(arguments)
    except EXPECTED as error:
        typer.echo(sentence(error), err=True)
        sys.exit(1)


def sentence(error: Exception) -> str:
    """Give an expected error as one line for people."""
    if isinstance(error, Refusal):
        return error.detail
    if isinstance(error, sqlalchemy.exc.OperationalError):
        error = error.orig if isinstance(error.orig, Exception) else error
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
