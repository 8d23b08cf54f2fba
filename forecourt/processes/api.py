"""The web process: HTTP API and pages under uvicorn."""

import uvicorn

from forecourt.compose import build_app
from forecourt.installation import Installation
from foundation.database import Database
from ingest.archive import Archive


def run(installation: Installation, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Access logs are off: addresses of pages name vehicles and orders."""
    database = Database(installation.database_url, pool_size=20)
    app = build_app(installation.settings, database, Archive(installation.archive_directory))
    uvicorn.run(
        app,
        host=installation.settings.http_host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,  # open streams are cut; their clients come back with Last-Event-ID
        server_header=False,
    )
    database.close()
