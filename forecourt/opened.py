"""The installation's database, started if need be and brought up to date, for the length of one use."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from forecourt.installation import Installation
from forecourt.migrations import migrate
from foundation.database import Database


@contextmanager
def using_database(installation: Installation) -> Iterator[str]:
    """Start the bundled server if it does not run, migrate, and give the URL; stop it behind the last user.

    A running `serve` is a user, too, so a command beside it only borrows the server.
    """
    if installation.postgres is None:
        migrate(installation.database_url)
        yield installation.database_url
        return
    with (installation.paths.run / "database.users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            installation.postgres.ensure()
            migrate(installation.database_url)
            yield installation.database_url
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                installation.postgres.stop()


@contextmanager
def opened(installation: Installation) -> Iterator[Database]:
    """Give the database for the length of one command."""
    with using_database(installation) as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.close()
