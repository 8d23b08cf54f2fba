"""The web process: HTTP API and pages under uvicorn."""

from types import FrameType

import uvicorn

from forecourt.compose import build_app
from forecourt.installation import Installation
from forecourt.probes import probes
from forecourt.processes import steady
from foundation.database import Database
from foundation.follow import Wakeups
from ingest.archive import Archive
from ingest.uploads import Sender


class Server(uvicorn.Server):
    """Uvicorn that lets open streams end by themselves when it is told to stop."""

    def __init__(self, config: uvicorn.Config, wakeups: Wakeups) -> None:
        super().__init__(config)
        self._wakeups = wakeups

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._wakeups.release()
        super().handle_exit(sig, frame)


def run(installation: Installation, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Access logs are off: addresses of pages name vehicles and orders."""
    database = Database(installation.database_url, pool_size=20, data=installation.paths.root)
    sender = Sender(lambda: installation.ingest_mqtt_url, installation.broker_certificate)
    archive = Archive(installation.archive_directory)
    app = build_app(
        installation.settings,
        database,
        archive,
        lambda: installation.let_devices_in(database),
        sender,
        probes(installation, archive),
        lambda: installation.device_address,
    )
    config = uvicorn.Config(
        app,
        host=installation.settings.http_host,
        port=port,
        access_log=False,
        log_config=None,  # its own would print what exceptions say; `forecourt/logs.py` has the one form of all logs
        log_level="warning",
        timeout_graceful_shutdown=3,  # what is still open then is cut; clients come back with Last-Event-ID
        server_header=False,
        proxy_headers=False,  # the application believes the proxies that its settings name
    )
    steady()
    Server(config, app.state.wakeups).run()
    sender.close()
    database.close()
