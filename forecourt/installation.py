"""One installation: a data directory, its database and its broker, bundled or by URL."""

from functools import cached_property

from forecourt.settings import Settings
from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database
from ingest.registry import credentials


class Installation:
    """What `FORECOURT_*` settings name; nothing is started until it is asked for."""

    def __init__(self, settings: Settings, mqtt_port: int | None = None) -> None:
        self.settings = settings
        self._mqtt_port = mqtt_port

    @cached_property
    def paths(self) -> DataPaths:
        return DataPaths.prepare(self.settings.data)

    @cached_property
    def postgres(self) -> Postgres | None:
        """The bundled server, or None when the settings name a database of their own."""
        return None if self.settings.database_url else Postgres(self.paths)

    @cached_property
    def broker(self) -> Broker | None:
        """The bundled broker, or None when the settings name one of their own."""
        return None if self.settings.mqtt_url else Broker(self.paths, self._mqtt_port, self.settings.mqtt_host)

    @property
    def database_url(self) -> str:
        """The application's database, whether it runs or not."""
        return self.settings.sqlalchemy_url() or Postgres(self.paths).url

    @property
    def ingest_mqtt_url(self) -> str:
        """The broker as the service itself sees it, with its credentials."""
        if self.settings.mqtt_url:
            return self.settings.mqtt_url.get_secret_value()
        return Broker(self.paths, self._mqtt_port, self.settings.mqtt_host).ingest_url

    @property
    def ingest_client_id(self) -> str:
        """The MQTT client id under which the broker keeps the service's subscription."""
        return Broker(self.paths).ingest_client_id

    @property
    def archive_directory(self) -> str:
        return self.settings.archive_url or str(self.paths.archive)

    def let_devices_in(self, database: Database) -> None:
        """Tell the bundled broker which devices may connect now; at once when it runs, else from its next start."""
        if self.broker is not None:
            self.broker.follow(lambda: _credentials(database))

    def device_url(self, device: str, password: str) -> str:
        """Give a device's MQTT address with its credentials."""
        if self.broker is not None:
            return self.broker.url_for(device, password)
        scheme, _, rest = self.ingest_mqtt_url.partition("://")
        return f"{scheme}://{device}:{password}@{rest.rpartition('@')[2]}"


def _credentials(database: Database) -> list[DeviceCredential]:
    with database.unit() as unit:
        return [DeviceCredential(device, digest) for device, digest in credentials(unit)]
