"""One installation: a data directory, its database and its broker, bundled or by URL."""

from functools import cached_property

from forecourt.settings import Settings
from forecourt.supervision.broker import Broker
from forecourt.supervision.broker_config import DeviceCredential, Tls
from forecourt.supervision.paths import DataPaths
from forecourt.supervision.postgres import Postgres
from foundation.database import Database
from ingest.dialects import subscriptions
from ingest.partitions import Session, owned_by, sessions
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
        return None if self.settings.mqtt_url else self._bundled_broker()

    @property
    def database_url(self) -> str:
        """The application's database, whether it runs or not."""
        return self.settings.sqlalchemy_url() or Postgres(self.paths).url

    @property
    def ingest_mqtt_url(self) -> str:
        """The broker as the service itself sees it, with its credentials."""
        if self.settings.mqtt_url:
            return self.settings.mqtt_url.get_secret_value()
        return self._bundled_broker().ingest_url

    @property
    def ingest_workers(self) -> int:
        """How many ingest workers share the vehicles; a broker that is not ours puts them into no partitions."""
        return 1 if self.settings.mqtt_url else self.settings.ingest_workers

    @property
    def mqtt_client_id(self) -> str:
        """How the service's own MQTT client ids begin."""
        return self._bundled_broker().ingest_client_id

    def ingest_sessions(self, worker: int = 0) -> list[Session]:
        """Give the sessions under which the broker keeps what is for this worker."""
        client_id = self.mqtt_client_id
        if self.settings.mqtt_url:
            return [Session(client_id, subscriptions())]
        return sessions(client_id, self.ingest_partitions(worker))

    def ingest_partitions(self, worker: int = 0) -> list[int]:
        """Give the partitions of devices that this worker hears."""
        return owned_by(worker, self.ingest_workers)

    @property
    def broker_certificate(self) -> str | None:
        """The certificate that the bundled broker shows, to be trusted by the service itself; None without TLS."""
        certificate = None if self.settings.mqtt_url else self.settings.mqtt_tls_cert
        return certificate.read_text("ascii") if certificate else None

    @property
    def archive_directory(self) -> str:
        return self.settings.archive_url or str(self.paths.archive)

    def let_devices_in(self, database: Database) -> bool:
        """Tell the bundled broker which devices may connect now; at once when it runs, else from its next start.

        False: the broker is not ours, and whoever keeps it has to see to it.
        """
        if self.broker is None:
            return False
        self.broker.follow(lambda: _credentials(database))
        return True

    @property
    def device_address(self) -> str:
        """The broker's MQTT address without credentials."""
        scheme, _, rest = self.ingest_mqtt_url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def device_url(self, device: str, password: str) -> str:
        """Give a device's MQTT address with its credentials."""
        if self.broker is not None:
            return self.broker.url_for(device, password)
        scheme, _, rest = self.device_address.partition("://")
        return f"{scheme}://{device}:{password}@{rest}"

    def _bundled_broker(self) -> Broker:
        settings = self.settings
        files = settings.mqtt_tls_cert, settings.mqtt_tls_key
        tls = Tls(files[0], files[1]) if files[0] and files[1] else None
        return Broker(self.paths, self._mqtt_port, settings.mqtt_host, tls)


def _credentials(database: Database) -> list[DeviceCredential]:
    with database.unit() as unit:
        return [DeviceCredential(*one) for one in credentials(unit)]
